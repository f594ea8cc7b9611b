// SPDX-License-Identifier: BSD-3-Clause
// What each signal does to escd. docs/operations.md lists all of them, and a test compares.
#pragma once

#include <string_view>

namespace esc::app {

/// Ignores the signals that mean nothing to escd but would kill or stop it by default, without a
/// drain. First thing in main().
void ignore_stray_signals() noexcept;

/// The same for real-time signals that nobody uses. To be called after the ports are opened, since
/// net_tap looks for one that is neither handled nor ignored.
void ignore_stray_realtime_signals() noexcept;

/// SIGTERM, SIGINT and SIGQUIT: the first asks for a drain, the second ends the process at once.
/// SIGXCPU and SIGPWR ask for a drain, however often they come. SIGHUP asks for a reload and for
/// the log's file to be opened anew.
///
/// Blocks nothing: any thread may take the signal. Construct it before EAL makes its threads, once
/// a process. Its handlers stay installed when it is destroyed: a signal at the very end must not
/// change the exit code.
class Signals {
 public:
  Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// Readable once a stop or a reload was asked for.
  [[nodiscard]] int poll_fd() const noexcept;
  /// The name of the first signal that asked for a drain; empty: none did.
  [[nodiscard]] std::string_view stop_signal() const noexcept;
  /// Whether SIGHUP came since the last call.
  [[nodiscard]] bool take_reload() noexcept;
};

}  // namespace esc::app
