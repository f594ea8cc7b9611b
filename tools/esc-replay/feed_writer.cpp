// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/feed_writer.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>

#include "esc-replay/packet_writer.hpp"

namespace esc::replay {
namespace {

constexpr std::uint64_t kTraceStartNs =
    1'700'000'000'000'000'000;  // any fixed moment, so that the same options give the same bytes
constexpr std::size_t kFeedChunkPackets = 256;

}  // namespace

FeedWriter::FeedWriter(const BuildPlan& plan, Feed feed, const Sink& sink, Tallies& tallies,
                       Tally& judged, NumberModel& model)
    : plan_(plan),
      sink_(sink),
      tallies_(tallies),
      judged_(judged),
      model_(model),
      network_(plan.options, feed),
      highest_(plan.options.sessions) {
  facts_.first_contact.assign(plan.options.sessions, FeedFacts::kNone);
}

void FeedWriter::send(std::span<const PacketPlan> packets, bool last) {
  arrived_.clear();
  for (const PacketPlan& packet : packets) network_.send(packet, arrived_);
  if (last) network_.finish(arrived_);
  write();
  for (const Chunk& chunk : chunks_) {
    for (const NumberedEvent& event : chunk.numbered) judge(event);
    store(chunk);
  }
}

void FeedWriter::write() {
  chunks_.resize((arrived_.size() + kFeedChunkPackets - 1) / kFeedChunkPackets);
  tbb::parallel_for(std::size_t{0}, chunks_.size(), [&](std::size_t c) {
    Chunk& chunk = chunks_[c];
    const Account account{tallies_.local(), plan_.options.window == 0 ? nullptr : &chunk.numbered};
    thread_local std::vector<std::uint8_t> room(kPacketRoomBytes);
    chunk.bytes.clear();
    chunk.sizes.clear();
    chunk.numbered.clear();
    const std::size_t end = std::min(arrived_.size(), (c + 1) * kFeedChunkPackets);
    for (std::size_t i = c * kFeedChunkPackets; i < end; ++i) {
      const std::size_t bytes = write_packet(plan_, arrived_[i], room, account);
      chunk.bytes.insert(chunk.bytes.end(), room.data(), room.data() + bytes);
      chunk.sizes.push_back(bytes);
    }
  });
}

void FeedWriter::judge(const NumberedEvent& event) {
  std::uint64_t& first = facts_.first_contact[event.producer];
  std::uint64_t& highest = highest_[event.producer];
  if (first == FeedFacts::kNone) first = highest = event.sequence;
  highest = std::max(highest, event.sequence);
  facts_.depth = std::max(facts_.depth, highest - event.sequence);
  switch (model_.judge(event)) {
    case NumberVerdict::kNew:
      return judged_.event(event.listed, event.topic, event.payload_bytes);
    case NumberVerdict::kDuplicate:
      return judged_.duplicate();
    case NumberVerdict::kStale:
      return judged_.stale();
  }
}

void FeedWriter::store(const Chunk& chunk) {
  std::size_t at = 0;
  for (const std::size_t bytes : chunk.sizes) {
    const double elapsed_ns = static_cast<double>(facts_.packets) * 1e9 / plan_.options.trace_pps;
    sink_(kTraceStartNs + static_cast<std::uint64_t>(elapsed_ns),
          std::span(chunk.bytes).subspan(at, bytes));
    at += bytes;
    ++facts_.packets;
    facts_.bytes += bytes;
    longest_bytes_ = std::max<std::uint64_t>(longest_bytes_, bytes);
  }
}

FeedFacts FeedWriter::facts() const {
  FeedFacts facts = facts_;
  facts.network = network_.counts();
  return facts;
}

}  // namespace esc::replay
