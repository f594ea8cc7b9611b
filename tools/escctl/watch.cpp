#include "escctl/watch.hpp"

#include <csignal>
#include <ctime>
#include <iostream>
#include <string>

#include "escctl/rates.hpp"

namespace esc::ctl {
namespace {

using nlohmann::ordered_json;

constexpr int kLinesPerHeading = 20;

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

// True if somebody said stop before the interval was over.
bool stopped_within(std::chrono::nanoseconds interval) {
  const sigset_t set = stop_signals();
  const auto until = std::chrono::steady_clock::now() + interval;
  for (;;) {
    const auto left = std::chrono::nanoseconds(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) return false;
    const timespec wait{.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
    if (sigtimedwait(&set, nullptr, &wait) > 0) return true;
  }
}

// Prints rates, with the headings again when the screen has moved on or the columns changed.
class RatePrinter {
 public:
  void print(const ordered_json& before, const ordered_json& after) {
    const auto columns = rates(before, after);
    const std::string heading = heading_line(columns);
    if (lines_ % kLinesPerHeading == 0 || heading != heading_) {
      heading_ = heading;
      lines_ = 0;
      std::cout << heading;
    }
    ++lines_;
    std::cout << figure_line(columns) << std::flush;
  }

 private:
  std::string heading_;
  int lines_ = 0;
};

}  // namespace

void hold_stop_signals() {
  const sigset_t set = stop_signals();
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

void watch(Client& client, const WatchOptions& options) {
  RatePrinter printer;
  ordered_json before;
  do {
    ordered_json sample = client.request("stats");
    if (options.json) {
      std::cout << sample.dump(-1, ' ', true) << std::endl;
    } else if (!before.is_null()) {
      printer.print(before, sample);
    }
    before = std::move(sample);
  } while (std::cout && !stopped_within(options.interval));
}

}  // namespace esc::ctl
