// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/control_loop.hpp"

#include <poll.h>
#include <rte_cycles.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <string>

#include "app/escd/appliance_names.hpp"
#include "app/escd/log.hpp"
#include "cli/standard_output.hpp"
#include "control/pressure_report.hpp"

namespace esc::app {
namespace {

using namespace std::chrono_literals;

// Short enough that a stall shows within a second and an idle exit is on time; ten wake-ups a
// second cost nothing.
constexpr int kTickMs = 100;
constexpr int kDrainTickMs = 2;
constexpr auto kProgressEvery = 1s;

std::chrono::duration<double> seconds(double value) {
  return std::chrono::duration<double>(value);
}

}  // namespace

ControlLoop::ControlLoop(Appliance& appliance, Service& service, Signals& signals,
                         const Options& options, Reload& reload, Health& health,
                         runtime::Errands& errands)
    : appliance_(appliance),
      service_(service),
      signals_(signals),
      options_(options),
      reload_(reload),
      health_(health),
      errands_(errands),
      progress_(appliance),
      connections_(appliance),
      watchdog_(appliance.lcore_status(),
                rte_get_tsc_hz() / 1000 * appliance.config().lcores.stall_ms),
      next_progress_(start_ + kProgressEvery),
      pressure_seen_(appliance.data_path().pipelines().size()) {}

RunEnd ControlLoop::run() {
  while (!time_to_stop()) tick();
  RunEnd end;
  drain(end);
  if (options_.progress) cli::print_if_taken(progress_.summary());
  return end;
}

void ControlLoop::tick() {
  const bool draining = appliance_.state() == PipelineState::kDraining;
  std::array<pollfd, 4> fds = {{{service_.server().poll_fd(), POLLIN, 0},
                                {service_.board_fd(), POLLIN, 0},
                                {errands_.poll_fd(), POLLIN, 0},
                                {signals_.poll_fd(), POLLIN, 0}}};
  // While draining, the signal has been seen already, and its descriptor would stay readable.
  poll(fds.data(), draining ? 3 : 4, draining ? kDrainTickMs : kTickMs);
  service_.serve_ready();
  errands_.turn(Clock::now());
  reload_if_asked();
  appliance_.reclaim_rules();
  appliance_.watch_keys();
  appliance_.watch_dead_letters();
  appliance_.watch_links();
  appliance_.watch_checksums();
  health_.watch(reload_.health());
  log_pressure();
  watch();
  const auto now = Clock::now();
  connections_.watch(now);
  if (options_.progress && now >= next_progress_) {
    cli::print_if_taken(progress_.line() + '\n');
    next_progress_ += kProgressEvery;
  }
}

void ControlLoop::reload_if_asked() {
  if (!signals_.take_reload()) return;
  reopen_log();
  reload_.reload([](const std::string& line) {
    if (line.starts_with("{\"ok\":true")) return;  // already logged where it is put in force
    const auto reply = nlohmann::json::parse(line);
    spdlog::error("SIGHUP: {}; {}", reply.at("error").get<std::string>(), reply.value("fix", ""));
  });
}

void ControlLoop::log_pressure() {
  const auto pipelines = appliance_.data_path().pipelines();
  for (std::size_t i = 0; i < pipelines.size(); ++i) {
    auto& seen = pressure_seen_[i];
    const std::uint64_t missed = seen.missed;
    control::PressureChange change;
    while (pipelines[i]->dispatch().pressure().history().next(seen, change)) {
      const std::string text = control::to_text(change);
      const std::string where = pipelines.size() == 1 ? "" : "pipeline " + std::to_string(i) + ": ";
      if (change.rises()) {
        const auto load = busiest(health_.handlers().loads());
        spdlog::warn("{}{}{}", where, text, load ? "; " + to_text(*load) : "");
      } else {
        spdlog::info("{}{}", where, text);
      }
    }
    if (seen.missed != missed) {
      spdlog::warn("{} changes of pressure came too quickly to be logged", seen.missed - missed);
    }
  }
}

bool ControlLoop::time_to_stop() {
  if (appliance_.state() == PipelineState::kDraining) {
    drain_cause_ = "escctl drain";
    return true;
  }
  if (const std::string_view signal = signals_.stop_signal(); !signal.empty()) {
    spdlog::info("asked to stop by {}: draining", signal);
    drain_cause_ = signal;
    return true;
  }
  const auto now = Clock::now();
  if (options_.run_for_s && now - start_ >= seconds(*options_.run_for_s)) {
    drain_cause_ = "--run-for";
    return true;
  }
  if (!options_.exit_when_idle_s) return false;
  // Frames of connections come in no packet.
  const telemetry::Ledger ledger = appliance_.data_path().ledger();
  const std::uint64_t received = ledger.packets.received + ledger.frames.received;
  // While the appliance is paused, events may wait outside: that is not idle.
  if (received != received_seen_ || appliance_.state() == PipelineState::kPaused) {
    received_seen_ = received;
    last_receipt_ = now;
  }
  drain_cause_ = "--exit-when-idle";
  return now - last_receipt_ >= seconds(*options_.exit_when_idle_s);
}

void ControlLoop::watch() {
  for (const runtime::StallChange& change : watchdog_.check(rte_rdtsc())) {
    const auto& roles = appliance_.roles(change.lcore);
    const std::string& role = roles[std::min<std::size_t>(change.stage, roles.size() - 1)];
    const unsigned cpu = appliance_.plan().lcores[change.lcore].cpu;
    if (change.stalled) {
      spdlog::error("lcore on CPU {} is stalled: {} has not come round for {} ms{}", cpu, role,
                    change.for_cycles * 1000 / rte_get_tsc_hz(),
                    health_.handlers().in_hand(change.lcore));
    } else {
      spdlog::warn("lcore on CPU {} moves again", cpu);
    }
  }
}

void ControlLoop::drain(RunEnd& end) {
  (void)appliance_.request(PipelineRequest::kDrain, drain_cause_);
  const auto timeout_ms = appliance_.config().shutdown.drain_timeout_ms;
  const auto began = Clock::now();
  const auto deadline = began + std::chrono::milliseconds(timeout_ms);
  // The appliance has to look drained twice in a row: at the first look an RX stage may have been
  // in the middle of its last burst.
  constexpr int kLooks = 2;
  int empty_looks = 0;
  while (empty_looks < kLooks && Clock::now() < deadline) {
    tick();
    empty_looks = appliance_.drained() ? empty_looks + 1 : 0;
  }
  appliance_.tell_lcores_to_stop();
  if (empty_looks < kLooks) {
    spdlog::warn("not drained within {} ms: the lcores are told to stop", timeout_ms);
  }
  end.stuck = appliance_.wait_for_lcores(appliance::kStopTimeoutMs);
  if (!end.stuck.empty()) return;
  const DataPath::Discarded rest = appliance_.discard_rest();
  end.drained_at_deadline = rest.count;
  end.disk_stuck = !rest.disk_answered;
  end.drain_ms = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
}

}  // namespace esc::app
