// SPDX-License-Identifier: BSD-3-Clause
#include "intake/datagram_cursor.hpp"

#include <algorithm>
#include <cstring>

namespace esc::intake {

bool DatagramCursor::shared(const rte_mbuf* chain) noexcept {
  for (const rte_mbuf* segment = chain; segment != nullptr; segment = segment->next) {
    // A clone shares its buffer with somebody else, whatever the clone's own reference count says.
    if (rte_mbuf_refcnt_read(segment) != 1 || RTE_MBUF_CLONED(segment)) return true;
  }
  return false;
}

void DatagramCursor::advance(std::uint32_t bytes) noexcept {
  remaining_ -= bytes;
  while (bytes > in_segment_ || (in_segment_ == bytes && remaining_ != 0)) {
    bytes -= in_segment_;
    leave_segment();
  }
  at_ += bytes;
  in_segment_ -= bytes;
}

void DatagramCursor::leave_segment() noexcept {
  rte_mbuf* segment = refs_.segment();
  rte_mbuf* next = segment->next;
  if (shared_head_ == nullptr) {
    detach(segment);
    // Noted here and not with each event: when the second event is staged, the first may already be
    // with another lcore.
    peer_flags_ = event::note_peer(*next, peer_, peer_port_);
  }
  refs_.enter(next);
  at_ = rte_pktmbuf_mtod(next, const std::uint8_t*);
  in_segment_ = next->data_len;
}

void DatagramCursor::detach(rte_mbuf* segment) noexcept {
  // Still ours: events only add references, and their holders never look at the chain.
  segment->next = nullptr;
  segment->nb_segs = 1;
  segment->pkt_len = segment->data_len;
  [[maybe_unused]] const bool alone = refs_.leave();
}

void DatagramCursor::finish_chained() noexcept {
  if (shared_head_ != nullptr) {
    refs_.forget();
    event::free_packet(shared_head_);
    shared_head_ = nullptr;
    return;
  }
  rte_mbuf* segment = refs_.segment();
  rte_mbuf* rest = segment->next;
  detach(segment);
  while (rest != nullptr) {
    rte_mbuf* next = rest->next;
    rest->next = nullptr;
    rest->nb_segs = 1;
    event::free_segment(rest);
    rest = next;
  }
}

void DatagramCursor::gather(std::uint8_t* to, std::uint32_t bytes) const noexcept {
  const std::uint8_t* from = at_;
  std::uint32_t here = in_segment_;
  for (const rte_mbuf* segment = refs_.segment();;) {
    const std::uint32_t part = std::min(bytes, here);
    std::memcpy(to, from, part);
    to += part;
    bytes -= part;
    if (bytes == 0) return;
    segment = segment->next;
    from = rte_pktmbuf_mtod(segment, const std::uint8_t*);
    here = segment->data_len;
  }
}

std::uint32_t DatagramCursor::peek_length() const noexcept {
  if (remaining_ < wire::kLengthBytes) return 0;
  std::array<std::uint8_t, wire::kLengthBytes> bytes;
  gather(bytes.data(), bytes.size());
  return wire::load_be32(bytes.data());
}

bool DatagramCursor::next(const FrameSource& source, CursorFrame& frame) noexcept {
  // The frame before this one ended at the segment's end, and its event has taken its reference by
  // now.
  if (in_segment_ == 0) advance(0);
  const std::uint32_t length = peek_length();
  const wire::LengthVerdict verdict = wire::judge_length(length, remaining_, source.limits);
  if (verdict != wire::LengthVerdict::kInBounds) {
    frame = {wire::refuse_rest(verdict, remaining_), nullptr, false};
    remaining_ = 0;
    return true;
  }
  const std::uint32_t frame_bytes = wire::kLengthBytes + length;
  if (frame_bytes <= in_segment_ && shared_head_ == nullptr) {
    frame = {wire::parse_body({at_, frame_bytes}, source.limits), refs_.segment(), false,
             peer_flags_};
    // Not advance(): the event about to be staged must still find this segment in refs_.
    at_ += frame_bytes;
    in_segment_ -= frame_bytes;
    remaining_ -= frame_bytes;
    return true;
  }
  gather(scratch_->data(), frame_bytes);
  frame = {wire::parse_body({scratch_->data(), frame_bytes}, source.limits), nullptr, true};
  if (frame.view.kind == wire::FrameKind::kEvent) {
    frame.holder = copy_frame(source, frame_bytes);
    if (frame.holder == nullptr) {
      pending_frame_bytes_ = frame_bytes;
      return false;
    }
    frame.peer_flags = event::note_peer(*frame.holder, peer_, peer_port_);
    const auto* copy = rte_pktmbuf_mtod(frame.holder, const std::uint8_t*);
    frame.view = wire::parse_body({copy, frame_bytes}, source.limits);
  }
  advance(frame_bytes);
  return true;
}

rte_mbuf* DatagramCursor::copy_frame(const FrameSource& source,
                                     std::uint32_t frame_bytes) noexcept {
  const bool fits = frame_bytes + RTE_PKTMBUF_HEADROOM <= rte_pktmbuf_data_room_size(source.pool);
  rte_mempool* pool = fits ? source.pool : source.jumbo_pool;
  if (pool == nullptr) return nullptr;
  rte_mbuf* copy = rte_pktmbuf_alloc(pool);
  if (copy == nullptr) return nullptr;
  std::memcpy(rte_pktmbuf_append(copy, static_cast<std::uint16_t>(frame_bytes)), scratch_->data(),
              frame_bytes);
  return copy;
}

}  // namespace esc::intake
