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

namespace esc::app {
namespace {

// A handler can reach nothing but globals. Written in the handler, read by the main lcore; the
// eventfd wakes it.
std::atomic<int> stop_count{0};
std::atomic<bool> reload_asked{false};
int event_fd = -1;
static_assert(std::atomic<int>::is_always_lock_free, "used in a signal handler");

void wake_main() {
  const int saved = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(event_fd, &one, sizeof one);
  errno = saved;
}

void on_stop_signal(int) {
  if (stop_count.fetch_add(1, std::memory_order_relaxed) > 0) _exit(kExitSecondSignal);
  wake_main();
}

void on_reload_signal(int) {
  reload_asked.store(true, std::memory_order_relaxed);
  wake_main();
}

}  // namespace

Signals::Signals() {
  event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event_fd < 0) throw std::runtime_error("eventfd is not to be had");
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  for (const int signal : {SIGTERM, SIGINT}) sigaction(signal, &action, nullptr);
  // A terminal or a pipe that goes away must not take the appliance with it.
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
  struct sigaction reload {};
  reload.sa_handler = on_reload_signal;
  sigaction(SIGHUP, &reload, nullptr);
}

Signals::~Signals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaction(signal, &action, nullptr);
  close(event_fd);
}

int Signals::poll_fd() const noexcept {
  return event_fd;
}

bool Signals::take_reload() noexcept {
  if (!reload_asked.exchange(false, std::memory_order_relaxed)) return false;
  // The descriptor would stay readable; a stop that came as well is seen by its count.
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = read(event_fd, &count, sizeof count);
  return true;
}

bool Signals::stop_requested() const noexcept {
  return stop_count.load(std::memory_order_relaxed) > 0;
}

}  // namespace esc::app
