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
      json[std::string(kDuplicateByKey)] = by_name(row, values, Zeros::kShown);
    } else if (is_of(row, &FrameLedger::dead_lettered)) {
      json["dead_lettered"] = {{"durable", all},
                               {std::string(kByReasonKey), by_name(row, values, Zeros::kLeftOut)}};
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

Json streams_json(const StreamLedger& streams) {
  Json json;
  Reading(streams).for_each([&json](const auto& row, std::span<const std::uint64_t> values) {
    add_by_name(json, row, values, Zeros::kLeftOut);
  });
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

std::uint64_t Ledger::streams_closed() const noexcept {
  return sum(streams.closed);
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
         packets.received == packets_accounted() + packets.in_flight &&
         streams.accepted == streams_closed() + streams.open;
}

bool Ledger::within(std::uint64_t frame_room, std::uint64_t packet_room) const noexcept {
  return frames.received >= frames_accounted() && packets.received >= packets_accounted() &&
         frames.received - frames_accounted() <= frame_room &&
         packets.received - packets_accounted() <= packet_room &&
         streams.accepted >= streams_closed();
}

void add_ended(const SettledCounters& from, Ledger& ledger) {
  add_all(ledger.frames.dead_lettered, from.durable);
  ledger.frames.dropped[static_cast<std::size_t>(FrameDrop::kDlqWriteFailed)] +=
      from.write_failed.get();
}

void add_ended(const WorkerCounters& from, Ledger& ledger) {
  ledger.frames.delivered += from.delivered.get();
  add_all(ledger.frames.dropped, from.frame_dropped);
}

void add_ended(const DispatchCounters& from, Ledger& ledger) {
  auto& duplicate = ledger.frames.duplicate;
  duplicate[static_cast<std::size_t>(DuplicateBy::kNumber)] += from.duplicate.get();
  duplicate[static_cast<std::size_t>(DuplicateBy::kKey)] += from.duplicate_key.get();
  duplicate[static_cast<std::size_t>(DuplicateBy::kReplay)] += from.duplicate_replay.get();
  ledger.frames.stale += from.stale.get();
  add_all(ledger.frames.dropped, from.frame_dropped);
}

void add_ended(const FrameCounters& from, Ledger& ledger) {
  ledger.frames.control += from.control.get();
  add_all(ledger.frames.dropped, from.frame_dropped);
}

void add_ended(const PacketCounters& from, Ledger& ledger) {
  ledger.packets.datagrams += from.datagrams.get();
  add_all(ledger.packets.non_event, from.non_event);
  add_all(ledger.packets.dropped, from.packet_dropped);
}

void add_ended(const ConnectionCounters& from, Ledger& ledger) {
  add_all(ledger.streams.closed, from.closed);
}

void add_received(const FrameCounters& from, Ledger& ledger) {
  ledger.frames.received += from.frames_received.get();
}

void add_received(const PacketCounters& from, Ledger& ledger) {
  ledger.packets.received += from.packets_received.get();
}

void add_received(const ConnectionCounters& from, Ledger& ledger) {
  ledger.streams.open += from.open.get();
  ledger.streams.accepted += from.accepted.get();
  add_all(ledger.streams.refused, from.refused);
  ledger.streams.accepts_failed += from.accepts_failed.get();
  ledger.streams.bytes += from.bytes.get();
}

Json to_json(const Ledger& ledger, bool balanced) {
  Json json;
  json["frames"] = frames_json(ledger.frames);
  json["packets"] = packets_json(ledger.packets, ledger.losses);
  json["streams"] = streams_json(ledger.streams);
  json["balanced"] = balanced;
  return json;
}

}  // namespace esc::telemetry
