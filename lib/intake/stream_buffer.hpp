// SPDX-License-Identifier: BSD-3-Clause
// The bytes of one stream between the socket and the intake: received once, into an mbuf that the
// events of their frames then share.
#pragma once

#include <rte_mbuf.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

#include "event/peer.hpp"
#include "event/poison.hpp"
#include "intake/intake.hpp"
#include "wire/session_cursor.hpp"

namespace esc::intake {

/// Who sends a stream.
struct StreamPeer {
  std::optional<wire::IpAddress> address;  ///< nullopt: it has none, or it is not known
  std::uint16_t port = 0;
};

/// Many small frames share one mbuf, and those of later reads too, as long as there is room. Only
/// the beginning of a frame that does not end in its mbuf is copied, into the next one, so that
/// every frame lies in one. Owns one reference to the mbuf; each event that points into it has its
/// own. Thread: the lcore that receives.
///
/// For each read: make_room(), receive into room(), filled(), hand_over(), read of the intake until
/// it is no longer reading(), took(). If whole frames were left (Intake::put_off), hand_over()
/// alone goes on with them.
///
/// Buffers: take() -> rte_mbuf* or null, whose data room takes the longest frame; give(rte_mbuf*),
/// into which events may still point.
class StreamBuffer {
 public:
  explicit StreamBuffer(const StreamPeer& peer) noexcept : peer_(peer) {}
  /// An mbuf that is still there goes back to its pool, past any Buffers.
  ~StreamBuffer() {
    if (mbuf_ != nullptr) event::free_segment(mbuf_);
  }
  StreamBuffer(StreamBuffer&& other) noexcept
      : peer_(other.peer_),
        mbuf_(std::exchange(other.mbuf_, nullptr)),
        read_(std::exchange(other.read_, 0)),
        peer_flags_(other.peer_flags_),
        session_(other.session_) {}
  StreamBuffer& operator=(StreamBuffer&&) = delete;

  struct Room {
    bool made = false;
    std::uint32_t copied_bytes = 0;  ///< of a frame that would not have ended in its mbuf
  };
  /// Sees to it that there is room for `least` bytes, or for as many as a frame that has begun can
  /// still have: at least 1. Not made: no mbuf is to be had, and others still use the present one;
  /// the caller tries again later.
  template <class Buffers>
  [[nodiscard]] Room make_room(Buffers&& buffers, std::uint32_t least) noexcept {
    const std::uint32_t begun = unread();
    const bool tight = mbuf_ == nullptr || rte_pktmbuf_tailroom(mbuf_) < least;
    if (!tight && (begun != 0 || read_ == 0)) return {.made = true};
    if (mbuf_ != nullptr && is_alone()) {
      // From the beginning again, where the cache has it.
      event::unpoison(mbuf_);
      auto* const data = rte_pktmbuf_mtod(mbuf_, std::uint8_t*);
      std::memmove(data, data + read_, begun);
    } else if (!tight) {
      return {.made = true};
    } else {
      rte_mbuf* const next = buffers.take();
      if (next == nullptr) return {};
      if (begun != 0) std::memcpy(rte_pktmbuf_mtod(next, std::uint8_t*), begin_of_unread(), begun);
      release(buffers);
      mbuf_ = next;
      peer_flags_ = event::note_peer(*mbuf_, peer_.address, peer_.port);
    }
    read_ = 0;
    mbuf_->data_len = static_cast<std::uint16_t>(begun);
    return {.made = rte_pktmbuf_tailroom(mbuf_) != 0, .copied_bytes = begun};
  }

  /// Where the next bytes are received, after make_room().
  [[nodiscard]] std::span<std::uint8_t> room() noexcept {
    event::unpoison(mbuf_);
    return {rte_pktmbuf_mtod_offset(mbuf_, std::uint8_t*, mbuf_->data_len),
            rte_pktmbuf_tailroom(mbuf_)};
  }
  /// So many bytes were received into room(); may be 0.
  void filled(std::size_t bytes) noexcept {
    mbuf_->data_len = static_cast<std::uint16_t>(mbuf_->data_len + bytes);
    event::poison_tailroom(mbuf_);
  }

  /// Hands all bytes that are not read over to the intake; there are some.
  template <class Intake>
  void hand_over(Intake& intake) noexcept {
    rte_mbuf_refcnt_update(mbuf_, 1);
    intake.begin_stream(mbuf_, read_, unread(), session_, peer_flags_);
  }
  /// The intake has read them, or some, or none: whether it read any.
  bool took(const StreamRest& rest) noexcept {
    const std::uint32_t before = std::exchange(read_, mbuf_->data_len - rest.bytes);
    session_ = rest.session;
    return read_ != before;
  }

  /// Bytes that are not read: the beginning of a frame, once the intake has had them all.
  [[nodiscard]] std::uint32_t unread() const noexcept {
    return mbuf_ == nullptr ? 0 : mbuf_->data_len - read_;
  }
  /// Gives the mbuf back, with what is not read.
  template <class Buffers>
  void release(Buffers&& buffers) noexcept {
    if (mbuf_ != nullptr) buffers.give(std::exchange(mbuf_, nullptr));
    read_ = 0;
  }
  [[nodiscard]] bool has_mbuf() const noexcept { return mbuf_ != nullptr; }
  /// No event points into the mbuf, which there is.
  [[nodiscard]] bool is_alone() const noexcept { return event::has_all_references(mbuf_); }
  /// As the last bytes that were read left it.
  [[nodiscard]] const wire::SessionCursor& session() const noexcept { return session_; }
  [[nodiscard]] const StreamPeer& peer() const noexcept { return peer_; }

 private:
  [[nodiscard]] const std::uint8_t* begin_of_unread() const noexcept {
    return rte_pktmbuf_mtod_offset(mbuf_, const std::uint8_t*, read_);
  }

  StreamPeer peer_;
  rte_mbuf* mbuf_ = nullptr;  ///< its data_len: bytes received
  std::uint32_t read_ = 0;    ///< of those, read as frames
  std::uint8_t peer_flags_ = 0;
  wire::SessionCursor session_;
};

}  // namespace esc::intake
