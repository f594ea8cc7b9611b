// SPDX-License-Identifier: BSD-3-Clause
#include "esc-dlq/replay_batch.hpp"

#include <algorithm>

#include "wire/encoder.hpp"
#include "wire/parser.hpp"

namespace esc::dlq_tool {

std::optional<ReplayIdentity> replay_identity(std::uint64_t run,
                                              const dlq::Record& record) noexcept {
  const dlq::Letter& letter = record.letter;
  if (letter.replay_count >= wire::kMaxReplayCount) return std::nullopt;
  ReplayIdentity out{.identity = {.producer = run, .sequence = record.id, .epoch = 0},
                     .replay_count = static_cast<std::uint8_t>(letter.replay_count + 1)};
  if ((letter.flags & dlq::kSequenced) != 0) {
    out.identity = {
        .producer = letter.producer, .sequence = letter.sequence, .epoch = letter.epoch};
  }
  return out;
}

bool is_event(std::span<const std::byte> frame) noexcept {
  if (frame.empty()) return false;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(frame.data());
  const wire::FrameView view = wire::parse_frame({bytes, frame.size()}, {});
  return view.kind == wire::FrameKind::kEvent && view.frame_bytes == frame.size();
}

void ReplayBatch::add(const ReplayIdentity& identity, std::span<const std::byte> frame) {
  const bool same_session = continues(identity);
  const std::size_t bytes = frame.size() + (same_session ? 0 : wire::kSessionFrameBytes);
  if (!has_room(bytes)) {
    datagrams_.push_back({bytes_.size(), bytes_.size(), 0});
    begin_session(identity);
  } else if (!same_session) {
    begin_session(identity);
  }
  const auto* from = reinterpret_cast<const std::uint8_t*>(frame.data());
  bytes_.insert(bytes_.end(), from, from + frame.size());
  ++session_->count;
  write_session();
  datagrams_.back().end = bytes_.size();
  ++datagrams_.back().letters;
  ++letters_;
}

bool ReplayBatch::continues(const ReplayIdentity& identity) const noexcept {
  if (!session_ || session_->count == UINT16_MAX) return false;
  ReplayIdentity next = session_->first;
  next.identity.sequence += session_->count;
  // A session's numbers do not wrap round.
  return next == identity && next.identity.sequence > session_->first.identity.sequence;
}

bool ReplayBatch::has_room(std::size_t bytes) const noexcept {
  if (datagrams_.empty()) return false;
  const std::size_t used = datagrams_.back().end - datagrams_.back().begin;
  return used < datagram_bytes_ && bytes <= datagram_bytes_ - used;
}

void ReplayBatch::begin_session(const ReplayIdentity& identity) {
  session_ = {.offset = bytes_.size(), .first = identity, .count = 0};
  bytes_.resize(bytes_.size() + wire::kSessionFrameBytes);
}

void ReplayBatch::write_session() noexcept {
  const wire::Session session{
      .flags = wire::make_session_flags(false, session_->first.replay_count),
      .count = session_->count,
      .epoch = session_->first.identity.epoch,
      .producer = session_->first.identity.producer,
      .first_sequence = session_->first.identity.sequence};
  static_cast<void>(wire::encode_session_frame(
      std::span(bytes_).subspan(session_->offset, wire::kSessionFrameBytes), 0, session));
}

void ReplayBatch::clear() noexcept {
  bytes_.clear();
  datagrams_.clear();
  session_.reset();
  letters_ = 0;
}

ReplayBatch::Datagram ReplayBatch::datagram(std::size_t i) const noexcept {
  const Extent& extent = datagrams_[i];
  return {std::span(bytes_).subspan(extent.begin, extent.end - extent.begin), extent.letters};
}

}  // namespace esc::dlq_tool
