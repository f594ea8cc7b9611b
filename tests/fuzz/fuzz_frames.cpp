// SPDX-License-Identifier: BSD-3-Clause
// Parses any bytes as a datagram. The parser makes progress and never reads past a frame. Its
// results agree with the encoder, with parsing in two steps, and with a simple count of the
// session's numbers.
//
// Input: one byte that chooses the limits, then the datagram.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>

#include "wire/encoder.hpp"
#include "wire/parser.hpp"
#include "wire/session_cursor.hpp"

namespace {

using esc::FrameDrop;
using namespace esc::wire;
using Bytes = std::span<const std::uint8_t>;

void require(bool condition) {
  if (!condition) std::abort();
}

bool same(const FrameView& a, const FrameView& b) {
  return a.kind == b.kind && a.reason == b.reason && a.ends_datagram == b.ends_datagram &&
         a.priority == b.priority && a.topic_len == b.topic_len && a.frame_bytes == b.frame_bytes &&
         a.payload_bytes == b.payload_bytes;
}

/// Parses a copy that ends where the frame ends, so that AddressSanitizer sees a read past the end.
void parses_alone(Bytes frame, const FrameView& view, const FrameLimits& limits) {
  const auto copy = std::make_unique_for_overwrite<std::uint8_t[]>(frame.size());
  std::copy(frame.begin(), frame.end(), copy.get());
  require(same(parse_frame({copy.get(), frame.size()}, limits), view));
  require(same(parse_body({copy.get(), frame.size()}, limits), view));
}

void encodes_back(Bytes frame, const FrameView& view) {
  const auto copy = std::make_unique_for_overwrite<std::uint8_t[]>(frame.size());
  require(encode_frame({copy.get(), frame.size()}, view.priority, view.topic_view(),
                       view.payload_view()) == frame.size());
  require(std::equal(frame.begin(), frame.end(), copy.get()));
}

void check_whole_frame(Bytes frame, const FrameView& view, const FrameLimits& limits) {
  require(judge_length(load_be32(frame.data()), frame.size(), limits) == LengthVerdict::kInBounds);
  require(view.topic == frame.data() + kTopicOffset);
  require(view.priority == frame[kPriorityOffset]);
  parses_alone(frame, view, limits);
  if (view.kind == FrameKind::kRefused && view.reason == FrameDrop::kTopicLenOutOfBounds) {
    require(view.topic_len == 0 && view.payload_bytes == 0);
    return;
  }
  require(view.topic_len >= 1 && view.topic_len <= limits.max_topic_bytes);
  require(view.payload == view.topic + view.topic_len);
  require(view.payload + view.payload_bytes == frame.data() + frame.size());
  encodes_back(frame, view);

  const TopicVerdict topic = check_topic(view.topic, view.topic_len);
  const bool plain = all_printable_ascii(view.topic, view.topic_len);
  require(!plain || topic == TopicVerdict::kGood);
  require((topic == TopicVerdict::kNotUtf8) ==
          (view.kind == FrameKind::kRefused && view.reason == FrameDrop::kTopicNotUtf8));
  require((topic == TopicVerdict::kControlCharacter) ==
          (view.kind == FrameKind::kRefused && view.reason == FrameDrop::kTopicControlCharacter));
  if (view.kind == FrameKind::kEvent) require(!view.topic_view().starts_with(kReservedPrefix));
}

/// A second, simpler way to number the events: the session in force, and how many numbers it has
/// used.
class Count {
 public:
  std::optional<Identity> of(const FrameView& view) {
    if (view.kind == FrameKind::kControl) {
      session_ = decode_session(view.payload);
      given_ = 0;
      return std::nullopt;
    }
    if (view.ends_datagram) return std::nullopt;
    if (view.kind == FrameKind::kRefused && view.reason == FrameDrop::kBadSession) {
      session_.reset();
    }
    if (!session_ || (session_->count != 0 && given_ == session_->count)) return std::nullopt;
    if (session_->first_sequence > UINT64_MAX - given_) return std::nullopt;
    return Identity{.producer = session_->producer,
                    .sequence = session_->first_sequence + given_++,
                    .epoch = session_->epoch};
  }

 private:
  std::optional<Session> session_;
  std::uint64_t given_ = 0;
};

void read_datagram(Bytes datagram, const FrameLimits& limits) {
  SessionCursor cursor;
  Count count;
  std::size_t consumed = 0;
  while (consumed < datagram.size()) {
    const Bytes rest = datagram.subspan(consumed);
    const FrameView view = parse_frame(rest, limits);
    require(view.frame_bytes >= 1 && view.frame_bytes <= rest.size());
    if (view.ends_datagram) {
      require(view.kind == FrameKind::kRefused && view.frame_bytes == rest.size());
      require(view.reason == FrameDrop::kLengthOutOfBounds ||
              view.reason == FrameDrop::kFrameTruncated);
    } else {
      check_whole_frame(rest.first(view.frame_bytes), view, limits);
    }
    require(cursor.observe(view) == count.of(view));
    consumed += view.frame_bytes;
  }
  require(consumed == datagram.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  FrameLimits limits;
  if ((data[0] & 1) != 0) limits.max_frame_bytes = kMinMaxFrameBytes;
  if ((data[0] & 2) != 0) limits.max_topic_bytes = kMinMaxTopicBytes;
  read_datagram({data + 1, size - 1}, limits);
  return 0;
}
