// SPDX-License-Identifier: BSD-3-Clause
// Walks the frames of one datagram, wherever its bytes lie, or of bytes of a stream.
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "event/peer.hpp"
#include "intake/frame_source.hpp"
#include "intake/segment_refs.hpp"
#include "wire/parser.hpp"
#include "wire/session_cursor.hpp"

namespace esc::intake {

/// A frame as the cursor found it.
struct CursorFrame {
  wire::FrameView view;
  rte_mbuf* holder;             ///< the segment that holds the whole frame; for events only
  bool copied;                  ///< `holder` was made for this frame: the event owns it alone
  std::uint8_t peer_flags = 0;  ///< of the event: see event::note_peer
};

/// State of the datagram that a receiving stage is reading; it survives from poll to poll, so that
/// a datagram of many frames may fill the staging more than once. Owns the packet from begin() to
/// finish(). Thread: the lcore that receives.
///
/// A chained packet is taken apart as the cursor leaves its segments: each becomes an mbuf of its
/// own, kept by the events in it. If somebody else holds a segment too (a sender on a net_ring port
/// may), the chain stays as it is, and its events are copied out of it.
class DatagramCursor {
 public:
  DatagramCursor() : scratch_(std::make_unique<std::array<std::uint8_t, kScratchBytes>>()) {}

  /// Takes the packet. The payload begins payload_offset into it and lies within it.
  void begin(rte_mbuf* packet, std::uint32_t payload_offset, std::uint32_t payload_bytes) noexcept {
    refs_.enter(packet);
    session_.end();
    at_ = rte_pktmbuf_mtod(packet, const std::uint8_t*);
    in_segment_ = packet->data_len;
    remaining_ = payload_offset + payload_bytes;
    chained_ = packet->nb_segs > 1;
    peer_flags_ = 0;  // this segment begins with the headers
    is_stream_ = false;
    if (chained_) [[unlikely]] {
      peer_ = wire::source_address({at_, in_segment_});
      peer_port_ = wire::source_port({at_, in_segment_}).value_or(0);
      shared_head_ = shared(packet) ? packet : nullptr;
      advance(payload_offset);
      return;
    }
    at_ += payload_offset;
    in_segment_ -= payload_offset;
    remaining_ = payload_bytes;
  }

  /// Takes `bytes` of a stream, 1 or more, which begin `offset` into the data of `buffer`, and one
  /// reference to it. `session`: as it was after the bytes before. `peer_flags`: of the events, see
  /// event::note_peer.
  void begin_stream(rte_mbuf* buffer, std::uint32_t offset, std::uint32_t bytes,
                    const wire::SessionCursor& session, std::uint8_t peer_flags) noexcept {
    refs_.enter(buffer);
    session_ = session;
    at_ = rte_pktmbuf_mtod_offset(buffer, const std::uint8_t*, offset);
    in_segment_ = remaining_ = bytes;
    chained_ = false;
    peer_flags_ = peer_flags;
    is_stream_ = true;
  }
  [[nodiscard]] bool is_stream() const noexcept { return is_stream_; }

  [[nodiscard]] bool active() const noexcept { return refs_.segment() != nullptr; }

  /// Every frame has been read: time for finish().
  [[nodiscard]] bool at_end() const noexcept { return remaining_ == 0; }

  /// Of a stream: what is left is the beginning of a frame whose end has not come. Not at_end().
  [[nodiscard]] bool at_partial_frame(const wire::FrameLimits& limits) const noexcept {
    const std::uint32_t length = remaining_ >= wire::kLengthBytes ? wire::load_be32(at_) : 0;
    const wire::LengthVerdict verdict = wire::judge_length(length, remaining_, limits);
    return verdict == wire::LengthVerdict::kNoLength || verdict == wire::LengthVerdict::kPastEnd;
  }

  /// All that is left lies in one segment, so next_in_place() can read it.
  [[nodiscard]] bool in_one_segment() const noexcept {
    return remaining_ <= in_segment_ && shared_head_ == nullptr;
  }

  /// The packet is one segment: its headers lie before what is left.
  [[nodiscard]] bool behind_headers() const noexcept { return !chained_; }
  /// What is left, if behind_headers(): its first byte, and how many.
  [[nodiscard]] const std::uint8_t* at() const noexcept { return at_; }
  [[nodiscard]] std::uint32_t left() const noexcept { return remaining_; }
  /// The frames before `at` have been read in place.
  void move_to(const std::uint8_t* at) noexcept {
    const auto bytes = static_cast<std::uint32_t>(at - at_);
    at_ = at;
    in_segment_ -= bytes;
    remaining_ -= bytes;
  }

  /// The next frame, where it lies; in_one_segment() and not at_end(). Its holder is segment().
  [[nodiscard]] wire::FrameView next_in_place(const wire::FrameLimits& limits) noexcept {
    const wire::FrameView view = wire::parse_frame({at_, remaining_}, limits);
    at_ += view.frame_bytes;
    in_segment_ -= view.frame_bytes;
    remaining_ -= view.frame_bytes;
    return view;
  }

  /// Reads the next frame, over any number of segments; not at_end(). False: the frame spans
  /// segments, and there is no mbuf into which to copy it whole. The caller calls it again later,
  /// or skip_frame().
  [[nodiscard]] bool next(const FrameSource& source, CursorFrame& frame) noexcept;

  /// Flags of an event that lies in segment(): see event::note_peer.
  [[nodiscard]] std::uint8_t peer_flags() const noexcept { return peer_flags_; }

  [[nodiscard]] rte_mbuf* segment() const noexcept { return refs_.segment(); }

  /// Passes over the frame for which next() returned false.
  void skip_frame() noexcept { advance(pending_frame_bytes_); }

  /// At the end: gives up the segments that are left. True if the last staged event owns its mbuf
  /// alone.
  [[nodiscard]] bool finish() noexcept {
    if (!chained_) [[likely]]
      return refs_.leave();
    finish_chained();
    return false;
  }

  [[nodiscard]] SegmentRefs& refs() noexcept { return refs_; }
  [[nodiscard]] wire::SessionCursor& session() noexcept { return session_; }

 private:
  // A whole frame with its length field, or all headers of a packet.
  static constexpr std::size_t kScratchBytes = 65536;
  static_assert(wire::kMaxFrameBytes + wire::kLengthBytes <= kScratchBytes);

  [[nodiscard]] static bool shared(const rte_mbuf* chain) noexcept;
  [[nodiscard]] rte_mbuf* copy_frame(const FrameSource& source, std::uint32_t frame_bytes) noexcept;
  [[nodiscard]] std::uint32_t peek_length() const noexcept;
  void gather(std::uint8_t* to, std::uint32_t bytes) const noexcept;
  void advance(std::uint32_t bytes) noexcept;
  void leave_segment() noexcept;
  void detach(rte_mbuf* segment) noexcept;
  void finish_chained() noexcept;

  SegmentRefs refs_;
  const std::uint8_t* at_ = nullptr;
  std::uint32_t in_segment_ = 0;  ///< bytes of the segment from at_ on
  std::uint32_t remaining_ = 0;   ///< bytes of the datagram from at_ on, over all segments
  std::uint32_t pending_frame_bytes_ = 0;
  bool chained_ = false;
  bool is_stream_ = false;
  std::uint8_t peer_flags_ = 0;          ///< of the events in the segment
  std::optional<wire::IpAddress> peer_;  ///< of a chained packet, like the next one
  std::uint16_t peer_port_ = 0;
  rte_mbuf* shared_head_ = nullptr;  ///< the chain that is not to be taken apart
  wire::SessionCursor session_;
  std::unique_ptr<std::array<std::uint8_t, kScratchBytes>> scratch_;
};

}  // namespace esc::intake
