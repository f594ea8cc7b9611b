// SPDX-License-Identifier: BSD-3-Clause
// Sends events in datagrams, each under a session frame, so that a receiver can tell the copies of
// an event from two events. docs/sender.md shows the use.
#pragma once

#include <utility>

#include "wire/encoder.hpp"
#include "wire/numbered_batch.hpp"

namespace esc::wire {

/// Fits an Ethernet packet of 1,500 bytes over IPv6, and over IPv4 all the more.
inline constexpr std::size_t kDefaultDatagramBytes = 1500 - 40 - 8;
/// The most that UDP over IPv4 can carry.
inline constexpr std::size_t kMaxDatagramBytes = 65535 - 20 - 8;

struct SenderConfig {
  Numbering numbering = {};
  std::size_t max_datagram_bytes =
      kDefaultDatagramBytes;  ///< UDP payload; kMaxDatagramBytes at most
  FrameLimits limits = {};    ///< the receiver's
};

/// Gathers events until a datagram is full, then hands it to the sink; flush() hands over what
/// there is. Every datagram begins with a session frame that says how many frames it covers: so the
/// first 51 bytes tell which numbers were sent, even if the rest is damaged, and bytes appended on
/// the way are not taken for numbered events.
///
/// When the sink fails, the datagram is sealed: it may have arrived, so it must not change. It
/// keeps its numbers and is offered again, byte for byte, by the next send() or flush(); a receiver
/// that has it already drops the second as duplicates. discard() gives it up: the receiver counts
/// its numbers as lost.
///
/// Nothing is allocated after construction. One thread. If the sink or the clock throws, the
/// exception passes through, and the state is as if the sink had failed.
template <ByteSink Sink, SendClock Clock = NoClock>
class Sender {
 public:
  /// Throws std::invalid_argument: sizes that no datagram has, or limits beyond the wire format's.
  explicit Sender(const SenderConfig& config, Sink sink, Clock clock = {})
      : batch_(config.numbering, config.limits, config.max_datagram_bytes, kMaxDatagramBytes),
        sink_(std::move(sink)),
        clock_(std::move(clock)) {}

  /// Takes one event, under the number next_sequence(). Offers a datagram to the sink when this
  /// event does not fit it any more.
  [[nodiscard]] SendResult send(std::uint8_t priority, std::string_view topic,
                                std::span<const std::uint8_t> payload) {
    const SendResult judged = batch_.judge(topic, payload.size());
    if (judged != SendResult::kOk) return judged;
    const std::size_t bytes = encoded_frame_bytes(topic.size(), payload.size());
    if (state_ == State::kRefused || (state_ == State::kFilling && !batch_.has_room(bytes))) {
      const SendResult flushed = flush();
      if (flushed != SendResult::kOk) return flushed;
    }
    start_anew();
    batch_.append(priority, topic, payload);
    return SendResult::kOk;
  }

  /// Hands what was gathered to the sink, if there is any. kOk or kSinkFailed.
  [[nodiscard]] SendResult flush() {
    if (state_ == State::kTaken || batch_.empty()) return SendResult::kOk;
    if (state_ == State::kFilling) {
      batch_.write_head(static_cast<std::uint16_t>(batch_.frames()), clock_());
      state_ = State::kRefused;
    }
    return offer();
  }

  /// Hands the last datagram to the sink once more, byte for byte, whether it was taken or not.
  [[nodiscard]] SendResult resend() {
    return state_ == State::kFilling ? SendResult::kNothingToResend : offer();
  }

  /// Gives up what was gathered or refused. Its numbers are not used again.
  void discard() noexcept {
    batch_.clear();
    state_ = State::kFilling;
  }

  /// Hands over what was gathered, then numbers later events in a new epoch. The epoch must be
  /// higher than the one before.
  [[nodiscard]] SendResult begin_epoch(std::uint32_t epoch, std::uint64_t first_sequence) {
    if (epoch <= batch_.numbering().epoch) return SendResult::kEpochNotNewer;
    const SendResult flushed = flush();
    if (flushed != SendResult::kOk) return flushed;
    batch_.begin_epoch(epoch, first_sequence);
    state_ = State::kFilling;
    return SendResult::kOk;
  }

  /// The number of the next event; 0 once number 2^64 - 1 is used.
  [[nodiscard]] std::uint64_t next_sequence() const noexcept { return batch_.next_sequence(); }
  /// Frames gathered, and not taken by the sink.
  [[nodiscard]] std::uint32_t pending_frames() const noexcept {
    return state_ == State::kTaken ? 0 : batch_.frames();
  }
  [[nodiscard]] Sink& sink() noexcept { return sink_; }

 private:
  enum class State : std::uint8_t {
    kFilling,
    kRefused,  ///< sealed; not taken yet
    kTaken     ///< sealed and taken; kept for resend() until the next event
  };
  static_assert(kMaxDatagramBytes / (kLengthBytes + kMinLength) <= UINT16_MAX,
                "the frames of a datagram can be counted in a session frame");

  SendResult offer() {
    if (!sink_(batch_.with_head())) return SendResult::kSinkFailed;
    state_ = State::kTaken;
    return SendResult::kOk;
  }

  void start_anew() noexcept {
    if (state_ == State::kFilling) return;
    batch_.clear();
    state_ = State::kFilling;
  }

  detail::NumberedBatch batch_;
  Sink sink_;
  Clock clock_;
  State state_ = State::kFilling;
};

}  // namespace esc::wire
