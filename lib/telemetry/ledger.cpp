// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/ledger.hpp"

#include <numeric>
#include <span>
#include <string>
#include <string_view>

#include "telemetry/figure_json.hpp"

namespace esc::telemetry {
namespace {

template <std::size_t N>
std::uint64_t sum(const std::array<std::uint64_t, N>& values) noexcept {
  return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
}

template <class Reason, std::size_t N>
void add_all(std::array<std::uint64_t, N>& into, const CounterSet<Reason>& from) {
  static_assert(N == CounterSet<Reason>::kSize);
  for (std::size_t i = 0; i < N; ++i) into[i] += from.get(static_cast<Reason>(i));
}

using Json = nlohmann::ordered_json;

Json frames_json(const FrameLedger& frames) {
  Json json;
  Reading(frames).for_each([&json](const auto& row, std::span<const std::uint64_t> values) {
    const std::uint64_t all = std::accumulate(values.begin(), values.end(), std::uint64_t{0});
    if (is_of(row, &FrameLedger::duplicate)) {
      json["duplicate"] = all;
      json["duplicate_by"] = by_name(row, values, Zeros::kShown);
    } else if (is_of(row, &FrameLedger::dead_lettered)) {
      json["dead_lettered"] = {{"durable", all},
                               {"by_reason", by_name(row, values, Zeros::kLeftOut)}};
    } else {
      add_by_name(json, row, values, Zeros::kLeftOut);
    }
  });
  return json;
}

Json packets_json(const PacketLedger& packets, const PortLosses& losses) {
  Json json;
  Reading(packets).for_each([&json](const auto& row, std::span<const std::uint64_t> values) {
    add_by_name(json, row, values, Zeros::kLeftOut);
  });
  add_to(json, Reading(losses));
  return json;
}

}  // namespace

std::uint64_t Ledger::frames_duplicate() const noexcept {
  return sum(frames.duplicate);
}
std::uint64_t Ledger::frames_dropped() const noexcept {
  return sum(frames.dropped);
}
std::uint64_t Ledger::frames_dead_lettered() const noexcept {
  return sum(frames.dead_lettered);
}
std::uint64_t Ledger::packets_dropped() const noexcept {
  return sum(packets.dropped);
}

std::uint64_t Ledger::frames_accounted() const noexcept {
  return frames.delivered + frames.control + frames_duplicate() + frames.stale +
         frames_dead_lettered() + frames_dropped();
}

std::uint64_t Ledger::packets_accounted() const noexcept {
  return packets.datagrams + packets.reassembled + sum(packets.non_event) + packets_dropped();
}

bool Ledger::balanced() const noexcept {
  return frames.received == frames_accounted() + frames.in_flight &&
         packets.received == packets_accounted() + packets.in_flight;
}

bool Ledger::within(std::uint64_t frame_room, std::uint64_t packet_room) const noexcept {
  return frames.received >= frames_accounted() && packets.received >= packets_accounted() &&
         frames.received - frames_accounted() <= frame_room &&
         packets.received - packets_accounted() <= packet_room;
}

Ledger collect(const LedgerBlocks& blocks) {
  Ledger ledger;
  for (const SettledCounters* settled : blocks.settled) {
    add_all(ledger.frames.dead_lettered, settled->durable);
    ledger.frames.dropped[static_cast<std::size_t>(FrameDrop::kDlqWriteFailed)] +=
        settled->write_failed.get();
  }
  for (const WorkerCounters* worker : blocks.workers) {
    ledger.frames.delivered += worker->delivered.get();
    add_all(ledger.frames.dropped, worker->frame_dropped);
  }
  for (const DispatchCounters* dispatcher : blocks.dispatchers) {
    auto& duplicate = ledger.frames.duplicate;
    duplicate[static_cast<std::size_t>(DuplicateBy::kNumber)] += dispatcher->duplicate.get();
    duplicate[static_cast<std::size_t>(DuplicateBy::kKey)] += dispatcher->duplicate_key.get();
    duplicate[static_cast<std::size_t>(DuplicateBy::kReplay)] += dispatcher->duplicate_replay.get();
    ledger.frames.stale += dispatcher->stale.get();
    add_all(ledger.frames.dropped, dispatcher->frame_dropped);
  }
  for (const FrameCounters* frames : blocks.frames) {
    add_all(ledger.frames.dropped, frames->frame_dropped);
    ledger.frames.control += frames->control.get();
  }
  for (const PacketCounters* packets : blocks.packets) {
    ledger.packets.datagrams += packets->datagrams.get();
    add_all(ledger.packets.non_event, packets->non_event);
    add_all(ledger.packets.dropped, packets->packet_dropped);
  }
  for (const FrameCounters* frames : blocks.frames)
    ledger.frames.received += frames->frames_received.get();
  for (const PacketCounters* packets : blocks.packets)
    ledger.packets.received += packets->packets_received.get();
  return ledger;
}

Json to_json(const Ledger& ledger, bool balanced) {
  Json json;
  json["frames"] = frames_json(ledger.frames);
  json["packets"] = packets_json(ledger.packets, ledger.losses);
  json["balanced"] = balanced;
  return json;
}

}  // namespace esc::telemetry
