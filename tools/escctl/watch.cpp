// SPDX-License-Identifier: BSD-3-Clause
#include "escctl/watch.hpp"

#include <sys/signalfd.h>

#include <csignal>
#include <iostream>
#include <string>

#include "cli/json_text.hpp"
#include "escctl/exit_code.hpp"
#include "escctl/format.hpp"
#include "escctl/rates.hpp"

namespace esc::ctl {
namespace {

using nlohmann::ordered_json;

constexpr int kLinesPerHeading = 20;

// Rates, with the headings again when the screen has moved on or the columns changed.
class RateLines {
 public:
  std::string next(const ordered_json& before, const ordered_json& after) {
    const auto columns = rates(before, after);
    const std::string heading = heading_line(columns);
    std::string text;
    if (lines_ % kLinesPerHeading == 0 || heading != heading_) {
      heading_ = heading;
      lines_ = 0;
      text = heading;
    }
    ++lines_;
    return text + figure_line(columns);
  }

 private:
  std::string heading_;
  int lines_ = 0;
};

// escd closes idle connections when others need their places. A watcher then connects again,
// several times for one sample if need be: where many want places, the new connection may be closed
// before the request arrives. Other refusals, and escd's end, go to the caller.
ordered_json next_sample(Client& client) {
  constexpr int kTries = 10;
  std::string why;
  for (int i = 1;; ++i) {
    try {
      ordered_json sample = client.request("stats");
      if (!why.empty()) std::cerr << "escctl: connected again: " << safe(why) << '\n';
      return sample;
    } catch (const Failure& failure) {
      if (i == kTries) throw;
      why = failure.what();
    }
    client.reconnect();
  }
}

}  // namespace

StopSignals::StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  fd_ = FileDescriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  // Without the descriptor the signals keep ending the process.
  if (fd_.valid()) sigprocmask(SIG_BLOCK, &set, nullptr);
}

void watch(Client& client, const StopSignals& stop, cli::StandardOutput& out,
           const WatchOptions& options) {
  RateLines lines;
  ordered_json before;
  do {
    ordered_json sample = next_sample(client);
    if (options.json) {
      out.write(cli::json_text(sample) + "\n");
    } else if (!before.is_null()) {
      out.write(lines.next(before, sample));
    }
    before = std::move(sample);
  } while (out.flush() && cli::StandardOutput::wait(stop.fd(), options.interval) ==
                              cli::StandardOutput::Waited::kTime);
}

}  // namespace esc::ctl
