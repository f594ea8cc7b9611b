// SPDX-License-Identifier: BSD-3-Clause
// The numbering of the frames of one datagram (a new cursor each) or one TCP stream (one cursor for
// its life).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "wire/frame.hpp"

namespace esc::wire {

/// Hands out the numbers that a session frame promises to the frames after it. One owner, no
/// sharing.
///
/// Either give every frame to `observe`, in order, or make the same calls by hand: `begin` for a
/// control frame, `end` for a refused session frame, `next` for every other frame whose length is
/// in bounds, refused or not.
class SessionCursor {
 public:
  /// Takes a well-formed session, in place of the one before it.
  void begin(const Session& session) noexcept {
    producer_ = session.producer;
    epoch_ = session.epoch;
    flags_ = session.flags;
    next_ = session.first_sequence;
    // A session with a count of 0 ends only where the numbers end.
    last_ = session.count == 0 ? UINT64_MAX : session.first_sequence + (session.count - 1u);
    active_ = true;
  }

  /// The frames that follow are unsequenced.
  void end() noexcept { active_ = false; }

  /// Consumes one number; nothing when no session covers this frame.
  [[nodiscard]] std::optional<Identity> next() noexcept {
    if (!active_) return std::nullopt;
    const Identity identity{.producer = producer_, .sequence = next_, .epoch = epoch_};
    if (next_ == last_) {
      active_ = false;
    } else {
      ++next_;
    }
    return identity;
  }

  /// What next() would return; if active(), like the next two.
  [[nodiscard]] Identity peek() const noexcept {
    return {.producer = producer_, .sequence = next_, .epoch = epoch_};
  }
  /// How many numbers are left, at most `most`, which is 1 or more.
  [[nodiscard]] std::size_t left(std::size_t most) const noexcept {
    return static_cast<std::size_t>(std::min<std::uint64_t>(last_ - next_, most - 1)) + 1;
  }
  /// Consumes several numbers, at most as many as are left.
  void skip(std::size_t count) noexcept {
    active_ = count <= last_ - next_;
    next_ += active_ ? count : 0;
  }

  /// Applies the next frame of the datagram to the numbering. Returns the identity of `view`, if it
  /// is sequenced.
  [[nodiscard]] std::optional<Identity> observe(const FrameView& view) noexcept {
    if (view.kind == FrameKind::kEvent) [[likely]]
      return next();
    if (view.kind == FrameKind::kControl) {
      begin(decode_session(view.payload));
      return std::nullopt;
    }
    if (view.ends_datagram) return std::nullopt;
    if (view.reason == FrameDrop::kBadSession) {
      end();
      return std::nullopt;
    }
    return next();
  }

  /// Whether the next frame would get a number.
  [[nodiscard]] bool active() const noexcept { return active_; }
  /// The producer of that number, if active().
  [[nodiscard]] std::uint64_t producer() const noexcept { return producer_; }
  /// Flags of the session that numbered the last identity handed out.
  [[nodiscard]] std::uint8_t flags() const noexcept { return flags_; }
  /// How often the frames of that session were replayed as dead letters; 0: they are live.
  [[nodiscard]] std::uint8_t replay_count() const noexcept { return replay_count_of(flags_); }

 private:
  std::uint64_t producer_ = 0;
  std::uint64_t next_ = 0;
  std::uint64_t last_ = 0;
  std::uint32_t epoch_ = 0;
  std::uint8_t flags_ = 0;
  bool active_ = false;
};

}  // namespace esc::wire
