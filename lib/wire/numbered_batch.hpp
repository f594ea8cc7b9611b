// SPDX-License-Identifier: BSD-3-Clause
// Gathers frames in one buffer and numbers them one after the other: the common part of sender.hpp
// and stream_sender.hpp.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "wire/frame.hpp"

namespace esc::wire {

/// What became of a call of a sender. Unless it says otherwise, nothing was taken and no number
/// used.
enum class SendResult : std::uint8_t {
  kOk,
  kTopicLenOutOfBounds,    ///< a receiver would refuse the frame for this or the next three
  kTopicNotUtf8,           ///<
  kTopicControlCharacter,  ///<
  kReservedTopic,          ///<
  kFrameTooLarge,          ///< does not fit one datagram (stream: block), or the frame limits
  kSequenceExhausted,      ///< number 2^64 - 1 is used: begin a new epoch
  kSinkFailed,             ///< what was gathered before is kept with its numbers: flush() offers it
                           ///< again
  kNothingToResend,        ///< no frames yet, or others have been taken since
  kEpochNotNewer           ///< a receiver would judge every event stale
};

/// The name without its k, in snake case; for messages.
[[nodiscard]] std::string_view name(SendResult result) noexcept;

/// Whose events they are and where the numbers begin. A producer that restarts and does not know
/// its last number begins a higher epoch.
struct Numbering {
  std::uint64_t producer = 0;
  std::uint32_t epoch = 0;
  std::uint64_t first_sequence = 0;
};

/// Takes all of the bytes handed to it and returns true, or returns false.
template <class S>
concept ByteSink = requires(S sink, std::span<const std::uint8_t> bytes) {
  { sink(bytes) } -> std::convertible_to<bool>;
};

/// Says the time: ns of Unix time, 0 = unknown.
template <class C>
concept SendClock = requires(C clock) {
  { clock() } -> std::convertible_to<std::uint64_t>;
};

/// The clock of senders that put no time into their session frames.
struct NoClock {
  [[nodiscard]] std::uint64_t operator()() const noexcept { return 0; }
};

namespace detail {

/// The buffer begins with room for a session frame. Frames have consecutive numbers, from
/// `first_sequence()` on. Nothing is allocated after construction. One thread.
class NumberedBatch {
 public:
  /// `bytes`: of the buffer, at most `most_bytes`. Throws std::invalid_argument: more than that, or
  /// too few for a session frame and an event; or limits that are not valid.
  NumberedBatch(const Numbering& numbering, const FrameLimits& limits, std::size_t bytes,
                std::size_t most_bytes);

  /// Whether such an event can be sent at all: kOk, or the reason why not.
  [[nodiscard]] SendResult judge(std::string_view topic, std::size_t payload_bytes) const noexcept;

  [[nodiscard]] bool has_room(std::size_t bytes) const noexcept {
    return bytes <= buffer_.size() - used_;
  }
  [[nodiscard]] bool empty() const noexcept { return frames_ == 0; }
  [[nodiscard]] std::uint32_t frames() const noexcept { return frames_; }
  [[nodiscard]] std::uint64_t next_sequence() const noexcept { return next_; }
  [[nodiscard]] const Numbering& numbering() const noexcept { return numbering_; }

  /// Appends an event. judge() has said kOk of it, and there is room for it.
  void append(std::uint8_t priority, std::string_view topic,
              std::span<const std::uint8_t> payload) noexcept;
  /// Appends a session frame among the events, which numbers what follows; there is room for it.
  void append_session(std::uint64_t send_time_ns) noexcept;
  /// Writes the session frame at the head. `count` as in the wire format.
  void write_head(std::uint16_t count, std::uint64_t send_time_ns) noexcept;

  [[nodiscard]] std::span<const std::uint8_t> with_head() const noexcept {
    return std::span(buffer_).first(used_);
  }
  [[nodiscard]] std::span<const std::uint8_t> without_head() const noexcept {
    return with_head().subspan(kSessionFrameBytes);
  }
  /// Forgets the frames; their numbers stay used.
  void clear() noexcept;
  /// From now on numbers belong to this epoch and begin at `first_sequence`. The batch is empty.
  void begin_epoch(std::uint32_t epoch, std::uint64_t first_sequence) noexcept;

 private:
  [[nodiscard]] Session session(std::uint16_t count, std::uint64_t first_sequence,
                                std::uint64_t send_time_ns) const noexcept;

  Numbering numbering_;
  FrameLimits limits_;
  std::vector<std::uint8_t> buffer_;
  std::size_t used_ = kSessionFrameBytes;
  std::uint32_t frames_ = 0;
  std::uint64_t first_;  ///< of the batch
  std::uint64_t next_;
  bool exhausted_ = false;
};

}  // namespace detail
}  // namespace esc::wire
