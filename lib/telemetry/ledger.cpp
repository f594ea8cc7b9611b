// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/ledger.hpp"

#include <numeric>
#include <string>

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

template <std::size_t N>
nlohmann::ordered_json by_name(const std::array<std::uint64_t, N>& values,
                               const std::array<std::string_view, N>& names) {
  auto object = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < N; ++i) {
    if (values[i] != 0) object[std::string(names[i])] = values[i];
  }
  return object;
}

}  // namespace

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
  return frames.delivered + frames.control + frames.duplicate + frames.stale +
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
    const std::uint64_t by_key = dispatcher->duplicate_key.get();
    const std::uint64_t by_replay = dispatcher->duplicate_replay.get();
    ledger.frames.duplicate += dispatcher->duplicate.get() + by_key + by_replay;
    ledger.frames.duplicate_by_key += by_key;
    ledger.frames.duplicate_by_replay += by_replay;
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

nlohmann::ordered_json to_json(const Ledger& ledger, bool balanced) {
  nlohmann::ordered_json json;
  const auto& f = ledger.frames;
  json["frames"] = {{"received", f.received},
                    {"delivered", f.delivered},
                    {"control", f.control},
                    {"duplicate", f.duplicate},
                    {"duplicate_by",
                     {{"number", f.duplicate - f.duplicate_by_key - f.duplicate_by_replay},
                      {"key", f.duplicate_by_key},
                      {"replay", f.duplicate_by_replay}}},
                    {"stale", f.stale},
                    {"dead_lettered",
                     {{"durable", ledger.frames_dead_lettered()},
                      {"by_reason", by_name(f.dead_lettered, kDeadReasonNames)}}},
                    {"dropped", by_name(f.dropped, kFrameDropNames)},
                    {"in_flight", f.in_flight}};
  const auto& p = ledger.packets;
  json["packets"] = {{"received", p.received},
                     {"datagrams", p.datagrams},
                     {"reassembled", p.reassembled},
                     {"non_event", by_name(p.non_event, kNonEventNames)},
                     {"dropped", by_name(p.dropped, kPacketDropNames)},
                     {"in_flight", p.in_flight},
                     {"imissed", p.losses.imissed},
                     {"rx_nombuf", p.losses.rx_nombuf},
                     {"ierrors", p.losses.ierrors}};
  json["balanced"] = balanced;
  return json;
}

}  // namespace esc::telemetry
