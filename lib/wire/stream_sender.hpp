// SPDX-License-Identifier: BSD-3-Clause
// Sends events over a byte stream, such as a TCP connection, with session frames among them.
// docs/sender.md shows the use.
#pragma once

#include <utility>

#include "wire/encoder.hpp"
#include "wire/numbered_batch.hpp"

namespace esc::wire {

struct StreamSenderConfig {
  Numbering numbering = {};
  std::size_t block_bytes = 64 * 1024;  ///< handed to the sink at once; at most kMaxBlockBytes
  /// A session frame at least every so many events, for those who read along and for its send time;
  /// 0: only where a connection begins.
  std::uint32_t session_interval_frames = 4096;
  FrameLimits limits = {};  ///< the receiver's
};

inline constexpr std::size_t kMaxBlockBytes = 1u << 30;

/// Gathers events in blocks. A session frame goes before the first event of a connection and then
/// before every session_interval_frames-th; it covers all events up to the next session frame
/// (count 0), since a block may have left before their number is known.
///
/// When the sink fails, the block keeps its events and their numbers. If the sink had taken nothing
/// of it, flush() offers it again as it is. If the connection broke, call begin_connection() once
/// there is a new one: the block is then offered with a session frame of its own before it, so that
/// a receiver which has some of its events already drops those as duplicates.
///
/// Nothing is allocated after construction. One thread.
template <ByteSink Sink, SendClock Clock = NoClock>
class StreamSender {
 public:
  /// Throws std::invalid_argument: a size that no block has, or limits beyond the wire format's.
  explicit StreamSender(const StreamSenderConfig& config, Sink sink, Clock clock = {})
      : batch_(config.numbering, config.limits, config.block_bytes, kMaxBlockBytes),
        interval_frames_(config.session_interval_frames),
        sink_(std::move(sink)),
        clock_(std::move(clock)) {}

  /// Takes one event, under the number next_sequence(). Offers a block to the sink when this event
  /// does not fit it any more, or when the block was refused before.
  [[nodiscard]] SendResult send(std::uint8_t priority, std::string_view topic,
                                std::span<const std::uint8_t> payload) {
    const SendResult judged = batch_.judge(topic, payload.size());
    if (judged != SendResult::kOk) return judged;
    const bool due = session_due_ || (interval_frames_ != 0 && since_session_ >= interval_frames_);
    const std::size_t bytes = encoded_frame_bytes(topic.size(), payload.size()) +
                              (due && !batch_.empty() ? kSessionFrameBytes : 0);
    if (refused_ || !batch_.has_room(bytes)) {
      const SendResult flushed = flush();
      if (flushed != SendResult::kOk) return flushed;
    }
    if (due) write_session();
    batch_.append(priority, topic, payload);
    ++since_session_;
    return SendResult::kOk;
  }

  /// Hands what was gathered to the sink, if there is any. kOk or kSinkFailed.
  [[nodiscard]] SendResult flush() {
    if (batch_.empty()) return SendResult::kOk;
    if (headed_ && !refused_) batch_.write_head(0, clock_());
    refused_ = true;  // until it is taken
    if (!sink_(headed_ ? batch_.with_head() : batch_.without_head())) {
      return SendResult::kSinkFailed;
    }
    clear();
    return SendResult::kOk;
  }

  /// What follows goes over a new connection: it begins with a session frame.
  void begin_connection() {
    if (batch_.empty()) {
      session_due_ = true;
      return;
    }
    headed_ = true;
    batch_.write_head(0, clock_());
  }

  /// Gives up what was gathered or refused. Its numbers are not used again.
  void discard() noexcept {
    clear();
    // what was given up may have held a session frame, and its numbers are skipped
    session_due_ = true;
  }

  /// Hands over what was gathered, then numbers later events in a new epoch. The epoch must be
  /// higher than the one before.
  [[nodiscard]] SendResult begin_epoch(std::uint32_t epoch, std::uint64_t first_sequence) {
    if (epoch <= batch_.numbering().epoch) return SendResult::kEpochNotNewer;
    const SendResult flushed = flush();
    if (flushed != SendResult::kOk) return flushed;
    batch_.begin_epoch(epoch, first_sequence);
    session_due_ = true;
    return SendResult::kOk;
  }

  /// The number of the next event; 0 once number 2^64 - 1 is used.
  [[nodiscard]] std::uint64_t next_sequence() const noexcept { return batch_.next_sequence(); }
  /// Events gathered, and not taken by the sink.
  [[nodiscard]] std::uint32_t pending_frames() const noexcept { return batch_.frames(); }
  [[nodiscard]] Sink& sink() noexcept { return sink_; }

 private:
  void write_session() {
    if (batch_.empty()) {
      headed_ = true;  // written when the block goes out
    } else {
      batch_.append_session(clock_());
    }
    session_due_ = false;
    since_session_ = 0;
  }

  void clear() noexcept {
    batch_.clear();
    headed_ = refused_ = false;
  }

  detail::NumberedBatch batch_;
  std::uint32_t interval_frames_;
  Sink sink_;
  Clock clock_;
  std::uint32_t since_session_ = 0;  ///< events since the last session frame
  bool session_due_ = true;          ///< before the next event
  bool headed_ = false;              ///< the block goes out with its session frame at the head
  bool refused_ = false;             ///< the block was offered and not taken
};

}  // namespace esc::wire
