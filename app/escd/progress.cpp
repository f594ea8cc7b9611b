// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/progress.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "app/escd/appliance_names.hpp"

namespace esc::app {
namespace {

std::string rate(std::uint64_t now, std::uint64_t before, double seconds) {
  const double per_second = static_cast<double>(now - before) / seconds;
  if (per_second >= 1e6) return fmt::format("{:.2f} M/s", per_second / 1e6);
  if (per_second >= 1e3) return fmt::format("{:.1f} k/s", per_second / 1e3);
  return fmt::format("{:.0f} /s", per_second);
}

double seconds_between(std::chrono::steady_clock::time_point from,
                       std::chrono::steady_clock::time_point to) {
  return std::max(std::chrono::duration<double>(to - from).count(), 1e-9);
}

}  // namespace

Progress::Sample Progress::sample() const {
  const telemetry::Ledger ledger = appliance_.read_ledger().ledger;
  Sample sample;
  sample.at = std::chrono::steady_clock::now();
  sample.packets = ledger.packets.received;
  sample.frames = ledger.frames.received;
  for (const auto& pipeline : appliance_.data_path().pipelines()) {
    sample.dispatched += pipeline->dispatch().counters().events_routed.get();
  }
  sample.delivered = ledger.frames.delivered;
  sample.dropped = ledger.frames_dropped() + ledger.packets_dropped();
  sample.missed = ledger.losses.imissed + ledger.losses.rx_nombuf;
  return sample;
}

std::string Progress::line() {
  const Sample now = sample();
  const double seconds = seconds_between(last_.at, now.at);
  std::size_t depth = 0;
  std::size_t capacity = 0;
  for (const auto& pipeline : appliance_.data_path().pipelines()) {
    depth += pipeline->dispatch().ring().size();
    capacity += pipeline->dispatch().ring().capacity();
  }
  std::size_t worker_depth = 0;
  for (const WorkerNode* parts : appliance_.data_path().workers())
    worker_depth += parts->ring().size();
  const std::string text = fmt::format(
      "{:6.1f} s  events {:>10}  rx {:>10} packets  dispatch {:>10}  workers {:>10}  dropped {:>8} "
      " "
      "missed {:>6}  rings {}/{} + {}",
      seconds_between(start_, now.at), rate(now.frames, last_.frames, seconds),
      rate(now.packets, last_.packets, seconds), rate(now.dispatched, last_.dispatched, seconds),
      rate(now.delivered, last_.delivered, seconds), rate(now.dropped, last_.dropped, seconds),
      rate(now.missed, last_.missed, seconds), depth, capacity, worker_depth);
  last_ = now;
  return text;
}

std::string Progress::summary() const {
  const auto [ledger, balanced] = appliance_.read_ledger();
  const double seconds = seconds_between(start_, std::chrono::steady_clock::now());
  std::string text = fmt::format(
      "ran {:.1f} s: {} packets, {} frames ({} on average)\n"
      "delivered {}, dropped {} frames and {} packets, in flight {}, missed by the port {}\n",
      seconds, ledger.packets.received, ledger.frames.received,
      rate(ledger.frames.received, 0, seconds), ledger.frames.delivered, ledger.frames_dropped(),
      ledger.packets_dropped(), ledger.frames.in_flight,
      ledger.losses.imissed + ledger.losses.rx_nombuf);
  text += balanced
              ? "the ledger balances: every frame is accounted for\n"
              : "THE LEDGER DOES NOT BALANCE: frames are unaccounted for; please report this\n";
  return text;
}

}  // namespace esc::app
