// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/health.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "app/escd/appliance_names.hpp"
#include "base/errno_text.hpp"

namespace esc::app {
namespace {

using control::LossKind;
using control::LossPlace;
using nlohmann::ordered_json;

control::LossJudge::Time now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

LossKind kind_of(FrameDrop reason) {
  switch (reason) {
    case FrameDrop::kLengthOutOfBounds:
    case FrameDrop::kFrameTruncated:
    case FrameDrop::kTopicLenOutOfBounds:
    case FrameDrop::kTopicNotUtf8:
    case FrameDrop::kTopicControlCharacter:
    case FrameDrop::kReservedTopic:
    case FrameDrop::kBadSession:
    case FrameDrop::kPartialAtClose:
    case FrameDrop::kTopicNotAllowed:
    case FrameDrop::kProducerNotAllowed:
    case FrameDrop::kReplayNotAllowed:
      return LossKind::kRefused;
    case FrameDrop::kShedCritical:
    case FrameDrop::kShedEmergency:
      return LossKind::kShed;
    // All reasons are named, so that the compiler points here when one is added.
    case FrameDrop::kNoJumboBuffer:
    case FrameDrop::kUnknownTopic:
    case FrameDrop::kHandlerRefused:
    case FrameDrop::kDrainedAtDeadline:
    case FrameDrop::kWorkerFull:
    case FrameDrop::kHoldExpired:
    case FrameDrop::kPaused:
    case FrameDrop::kDlqBacklog:
    case FrameDrop::kDlqWriteFailed:
    case FrameDrop::kCount:
      break;
  }
  return LossKind::kLosses;
}

LossKind kind_of(PacketDrop reason) {
  switch (reason) {
    case PacketDrop::kShortHeader:
    case PacketDrop::kVlanTooDeep:
    case PacketDrop::kBadIpHeader:
    case PacketDrop::kIpTruncated:
    case PacketDrop::kFragment:
    case PacketDrop::kWrongPort:
    case PacketDrop::kBadUdpLength:
    case PacketDrop::kBadIpChecksum:
    case PacketDrop::kBadUdpChecksum:
      return LossKind::kRefused;
    // As above.
    case PacketDrop::kDrainedAtDeadline:
    case PacketDrop::kCount:
      break;
  }
  return LossKind::kLosses;
}

/// A place where something is lost, and how much was lost there since the start.
struct Counted {
  LossPlace place;
  std::uint64_t total = 0;
};

// How many of the producers' numbers never came.
std::uint64_t lost_before(const Snapshot& snapshot) {
  std::uint64_t lost = 0;
  for (const Snapshot::Dispatch& dispatch : snapshot.dispatchers) {
    if (dispatch.producers) lost += dispatch.producers->get(&identity::ProducerTotals::lost);
  }
  return lost;
}

// All places, always in the same order: the reasons of dropped frames come first (Health::apply).
std::vector<Counted> counted(const Snapshot& snapshot) {
  const telemetry::Ledger& ledger = snapshot.ledger.ledger;
  const std::uint64_t told = snapshot.shed_as_told;
  std::vector<Counted> places;
  for (std::size_t i = 0; i < ledger.frames.dropped.size(); ++i) {
    const auto reason = static_cast<FrameDrop>(i);
    const std::uint64_t other = reason == FrameDrop::kWorkerFull ? told : 0;
    places.push_back({{kind_of(reason), "frames." + std::string(name(reason))},
                      ledger.frames.dropped[i] - other});
  }
  for (std::size_t i = 0; i < ledger.packets.dropped.size(); ++i) {
    const auto reason = static_cast<PacketDrop>(i);
    places.push_back(
        {{kind_of(reason), "packets." + std::string(name(reason))}, ledger.packets.dropped[i]});
  }
  places.push_back({{LossKind::kDroppedAsTold, "frames.worker_full.on_full_shed"}, told});
  places.push_back({{LossKind::kProducerGaps, "producers.lost"}, lost_before(snapshot)});
  for (const Snapshot::Port& port : snapshot.ports) {
    telemetry::Reading(port.stats.losses()).for_each([&](const auto& row, auto numbers) {
      places.push_back(
          {{LossKind::kPortLosses, port.label + "." + std::string(row.json_key())}, numbers[0]});
    });
  }
  return places;
}

std::vector<LossPlace> places_of(const Snapshot& snapshot) {
  std::vector<LossPlace> places;
  for (Counted& one : counted(snapshot)) places.push_back(std::move(one.place));
  return places;
}

std::vector<std::uint64_t> totals_of(const Snapshot& snapshot) {
  std::vector<std::uint64_t> totals;
  for (const Counted& one : counted(snapshot)) totals.push_back(one.total);
  return totals;
}

/// "eth0: down", "feed-b: gone". A memif or vhost port without a peer is not listed: its peer may
/// come and go.
std::vector<std::string> ports_without_link(const Snapshot& snapshot) {
  std::vector<std::string> ports;
  for (const Snapshot::Port& port : snapshot.ports) {
    const bool waits = port.driver == "net_memif" || port.driver == "net_vhost";
    if (port.link.up() || (waits && port.link.state == dpdk::LinkState::kDown)) continue;
    ports.push_back(port.label + ": " + std::string(dpdk::name(port.link.state)));
  }
  return ports;
}

/// One check. `detail` is for people; `more` has what else there is.
void add(ordered_json& checks, std::string_view what, bool ok, ordered_json value,
         ordered_json threshold, std::string detail,
         const ordered_json& more = ordered_json::object()) {
  ordered_json check = {{"name", what},
                        {"ok", ok},
                        {"value", std::move(value)},
                        {"threshold", std::move(threshold)},
                        {"detail", std::move(detail)}};
  check.update(more);
  checks.push_back(std::move(check));
}

void add_lcores(const Snapshot& snapshot, std::uint64_t stall_ms, ordered_json& checks) {
  using runtime::LcoreStatus;
  std::string hanging;
  std::uint64_t longest_ms = 0;
  for (const Snapshot::Lcore& lcore : snapshot.lcores) {
    if (lcore.status.get(&LcoreStatus::running) == 0) continue;
    const double age_s = snapshot.clock.age(lcore.status.get(&LcoreStatus::heartbeat_tsc));
    const auto age_ms = static_cast<std::uint64_t>(age_s * 1e3);
    longest_ms = std::max(longest_ms, age_ms);
    if (lcore.stall.stalled == 0) continue;
    const std::size_t stage =
        std::min<std::size_t>(lcore.status.get(&LcoreStatus::stage), lcore.roles.size() - 1);
    hanging += (hanging.empty() ? "" : ", ") + lcore.roles[stage] + " on CPU " +
               std::to_string(lcore.cpu) + " has not come round for " + std::to_string(age_ms) +
               " ms" + lcore.in_hand;
  }
  add(checks, "lcores", hanging.empty(), longest_ms, stall_ms,
      hanging.empty() ? "all come round" : hanging);
}

void add_links(const Snapshot& snapshot, ordered_json& checks) {
  const std::vector<std::string> deaf = ports_without_link(snapshot);
  std::string detail;
  for (const std::string& port : deaf) detail += (detail.empty() ? "" : ", ") + port;
  add(checks, "links", deaf.empty(), deaf.size(), 0,
      deaf.empty() ? "every port can receive" : detail);
}

void add_dead_letters(const Snapshot::Storage& storage, ordered_json& checks) {
  const auto error = static_cast<int>(storage.disk.get(&telemetry::DiskCounters::last_error));
  add(checks, "dead_letters", error == 0, error, 0,
      error == 0 ? "the disk takes them" : "the disk refuses them: " + errno_text(error));
}

void add_handlers(const std::vector<HandlerLoad>& loads, std::uint32_t bound,
                  ordered_json& checks) {
  const auto load = busiest(loads);
  const double percent = load ? static_cast<double>(load->shares.busy_permille) / 10 : 0.0;
  ordered_json threshold;
  if (bound < 100) threshold = bound;
  add(checks, "handlers", bound == 100 || percent <= bound, percent, std::move(threshold),
      load ? to_text(*load) : "none takes a tenth of its worker's time",
      {{"workers", to_json(loads)}});
}

/// "3 in 300 s: hold_expired 2, worker_full 1; 12 since the start"
std::string loss_text(const control::LossJudge& judge, const control::LossJudge::Verdict& verdict,
                      std::uint32_t window_s) {
  if (verdict.since_start == 0) return "none since the start";
  std::string text = std::to_string(verdict.in_window) + " in " + std::to_string(window_s) + " s";
  const char* lead = ": ";
  for (const auto& lost : verdict.lost) {
    if (lost.in_window == 0) continue;
    text += std::exchange(lead, ", ") + judge.places()[lost.place].name + " " +
            std::to_string(lost.in_window);
  }
  return text + "; " + std::to_string(verdict.since_start) + " since the start";
}

void add_loss(const control::LossJudge& judge, const control::LossJudge::Verdict& verdict,
              std::string_view what, std::uint32_t window_s, ordered_json& checks) {
  ordered_json places = ordered_json::object();
  for (const auto& lost : verdict.lost) {
    places[judge.places()[lost.place].name] = {{"in_window", lost.in_window},
                                               {"since_start", lost.since_start}};
  }
  ordered_json threshold;
  if (verdict.bound != config::kNeverUnhealthy) threshold = verdict.bound;
  add(checks, what, verdict.ok, verdict.in_window, std::move(threshold),
      loss_text(judge, verdict, window_s),
      {{"window_s", window_s},
       {"since_start", verdict.since_start},
       {"places", std::move(places)}});
}

}  // namespace

Health::Health(const Appliance& appliance)
    : appliance_(appliance),
      handlers_(appliance),
      judge_(places_of(take_snapshot(appliance, LedgerReading::kQuick)), now()) {}

void Health::apply(const HealthRules& rules) const {
  judge_.set_kind(static_cast<std::size_t>(FrameDrop::kUnknownTopic),
                  rules.drops_unknown_topics ? LossKind::kDroppedAsTold : LossKind::kLosses);
}

void Health::watch(const HealthRules& rules) {
  handlers_.watch();
  const auto window = std::chrono::seconds(rules.bounds.window_s);
  const std::lock_guard lock(mutex_);
  if (!judge_.is_due(now(), window)) return;
  judge_.note(now(), totals_of(take_snapshot(appliance_, LedgerReading::kQuick)), window);
}

void Health::add_losses(const HealthRules& rules, const Snapshot& snapshot,
                        ordered_json& checks) const {
  const std::lock_guard lock(mutex_);
  apply(rules);
  const auto verdicts = judge_.judge(now(), totals_of(snapshot), rules.bounds);
  for (std::size_t kind = 0; kind < verdicts.size(); ++kind) {
    add_loss(judge_, verdicts[kind], control::kLossKindRows[kind].name, rules.bounds.window_s,
             checks);
  }
}

ordered_json Health::document(const HealthRules& rules, const Snapshot& snapshot) const {
  ordered_json checks = ordered_json::array();
  const PipelineState state = snapshot.state.now;
  add(checks, "state", state == PipelineState::kRunning, control::name(state),
      control::name(PipelineState::kRunning), std::string(control::name(state)));
  add_lcores(snapshot, appliance_.config().lcores.stall_ms, checks);
  add_links(snapshot, checks);
  const std::uint64_t in_flight = snapshot.ledger.ledger.frames.in_flight;
  const bool balanced = snapshot.ledger.balanced;
  add(checks, "ledger", balanced, in_flight, nullptr,
      balanced ? std::to_string(in_flight) + " frames in flight"
               : "frames or packets are unaccounted for: report this");
  if (snapshot.storage) add_dead_letters(*snapshot.storage, checks);
  add_losses(rules, snapshot, checks);
  add_handlers(snapshot.handlers, rules.bounds.max_handler_busy_percent, checks);
  const bool healthy = std::ranges::all_of(
      checks, [](const auto& check) { return check["ok"].template get<bool>(); });
  return {{"healthy", healthy}, {"checks", checks}};
}

}  // namespace esc::app
