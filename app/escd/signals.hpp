// SIGTERM and SIGINT: the first asks for a drain, the second ends the process at once. SIGHUP asks
// for a reload.
#pragma once

namespace esc::app {

/// Installs the handlers and blocks nothing: any thread may take the signal. Call before EAL makes
/// its threads. Once a process.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// Readable once a stop or a reload was asked for.
  [[nodiscard]] int poll_fd() const noexcept;
  [[nodiscard]] bool stop_requested() const noexcept;
  /// Whether SIGHUP came since the last call.
  [[nodiscard]] bool take_reload() noexcept;
};

}  // namespace esc::app
