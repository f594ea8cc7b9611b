// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/signals.hpp"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <stdexcept>

#include "app/escd/exit_codes.hpp"
#include "base/file_size_limit.hpp"

namespace esc::app {
namespace {

// SIGHUP is ignored until class Signals takes it. SIGPIPE: a terminal or a pipe that goes away must
// not end the appliance. SIGTTIN, SIGTTOU: escd in the background of a terminal must not be stopped
// because it logs.
constexpr std::array kStraySignals = {SIGHUP, SIGPIPE,   SIGUSR1, SIGUSR2, SIGALRM,  SIGPROF,
                                      SIGIO,  SIGVTALRM, SIGTTIN, SIGTTOU, SIGSTKFLT};

struct StopSignal {
  int number;
  std::string_view name;
  /// True where a person may send it twice because they cannot wait; the kernel may simply repeat
  /// its signals.
  bool second_ends_at_once;
};
constexpr std::array<StopSignal, 5> kStopSignals = {{{SIGTERM, "SIGTERM", true},
                                                     {SIGINT, "SIGINT", true},
                                                     {SIGQUIT, "SIGQUIT", true},
                                                     {SIGXCPU, "SIGXCPU", false},
                                                     {SIGPWR, "SIGPWR", false}}};

// A handler can reach nothing but globals. Written in the handler, read by the main lcore; the
// eventfd wakes it, and is never closed: a handler may be about to write to it.
std::atomic<int> first_stop{0};
std::atomic<int> impatient_stops{0};
std::atomic<bool> reload_asked{false};
int event_fd = -1;
static_assert(std::atomic<int>::is_always_lock_free, "used in a signal handler");

void wake_main() {
  const int saved = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(event_fd, &one, sizeof one);
  errno = saved;
}

void note_stop(int number) {
  int none = 0;
  first_stop.compare_exchange_strong(none, number, std::memory_order_relaxed);
  wake_main();
}

void on_stop_signal(int number) {
  if (impatient_stops.fetch_add(1, std::memory_order_relaxed) > 0) _exit(kExitSecondSignal);
  note_stop(number);
}

void on_reload_signal(int) {
  reload_asked.store(true, std::memory_order_relaxed);
  wake_main();
}

/// Unblocks it too: the process that started us may have blocked it, and a blocked signal is
/// inherited.
void install(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigaction(number, &action, nullptr);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  sigprocmask(SIG_UNBLOCK, &one, nullptr);
}

}  // namespace

void ignore_stray_signals() noexcept {
  let_oversized_writes_fail();
  for (const int number : kStraySignals) signal(number, SIG_IGN);
}

void ignore_stray_realtime_signals() noexcept {
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) {
    struct sigaction now {};
    if (sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) {
      signal(number, SIG_IGN);
    }
  }
}

Signals::Signals() {
  event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event_fd < 0) throw std::runtime_error("eventfd is not to be had");
  for (const StopSignal& stop : kStopSignals) {
    install(stop.number, stop.second_ends_at_once ? on_stop_signal : note_stop);
  }
  install(SIGHUP, on_reload_signal);
}

int Signals::poll_fd() const noexcept {
  return event_fd;
}

bool Signals::take_reload() noexcept {
  if (!reload_asked.exchange(false, std::memory_order_relaxed)) return false;
  // Reads the eventfd, which would stay readable otherwise. A stop that came too is not lost: its
  // number is kept.
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = read(event_fd, &count, sizeof count);
  return true;
}

std::string_view Signals::stop_signal() const noexcept {
  const int number = first_stop.load(std::memory_order_relaxed);
  for (const StopSignal& stop : kStopSignals) {
    if (stop.number == number) return stop.name;
  }
  return {};
}

}  // namespace esc::app
