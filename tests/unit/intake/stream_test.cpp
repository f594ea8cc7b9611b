// SPDX-License-Identifier: BSD-3-Clause
// Streams: the same frames come of them, wherever the reads cut them.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "ingest/packets.hpp"
#include "intake/intake.hpp"
#include "intake/stream_buffer.hpp"
#include "support/mbufs.hpp"
#include "support/stream_reference.hpp"

namespace esc::test {
namespace {

constexpr std::uint64_t kReadTsc = 5;
constexpr std::uint16_t kDataBytes = 1024;
const wire::FrameLimits kLimits{.max_frame_bytes = 600};

template <intake::Way kWay>
class Reader {
 public:
  explicit Reader(std::size_t burst = 8) : buffer_({wire::IpAddress::v4(0x0a000007), 4711}) {
    source_.pool = pool_.get();
    source_.limits = kLimits;
    std::vector<intake::Lane<TakesAll>> lanes;
    lanes.emplace_back(TakesAll{&events_}, counters_);
    intake_.emplace(std::move(lanes), route::TopicHasher(1), identity::ProducerOwner(0, 1),
                    intake::IntakeLimits{.burst = burst});
    intake_->from({&source_, event::Source::of_connection(9, 3), 0}, kReadTsc);
  }
  ~Reader() {
    give_back();
    buffer_.release(FromPool{pool_.get()});
    EXPECT_TRUE(pool_.whole());
  }

  /// One read of the socket, which may take several receives; false: the stream is broken.
  bool receive(std::span<const std::uint8_t> bytes) {
    while (!bytes.empty()) {
      const auto room = buffer_.make_room(FromPool{pool_.get()}, 64);
      if (!room.made) throw std::logic_error("no room");
      copied += room.copied_bytes;
      const std::size_t some = std::min(bytes.size(), buffer_.room().size());
      std::copy_n(bytes.begin(), some, buffer_.room().begin());
      buffer_.filled(some);
      bytes = bytes.subspan(some);
      if (!read()) return false;
    }
    return true;
  }
  void close() {
    if (buffer_.unread() != 0) intake_->lose_partial_frame();
    intake_->publish(kReadTsc);
  }

  void give_back() {
    for (const event::Event& event : events_) {
      said.push_back(said_by(event));
      EXPECT_EQ(event::peer_address(event), wire::IpAddress::v4(0x0a000007));
      EXPECT_EQ(event::peer_port(event), 4711);
      EXPECT_EQ(event.source, event::Source::of_connection(9, 3));
      event::free_segment(event.mbuf);
    }
    events_.clear();
  }

  std::vector<Said> said;
  std::size_t copied = 0;
  std::size_t puts_off = 0;
  telemetry::FrameCounters counters_;
  intake::StreamBuffer buffer_;

 private:
  bool read() {
    buffer_.hand_over(*intake_);
    for (unsigned polls = 0;; ++polls) {
      if (polls > 200) throw std::logic_error("it never ends");
      intake_->read_pressure(true);
      if (intake_->reading()) (void)intake_->read(kReadTsc);
      intake_->publish(kReadTsc);
      (void)intake_->push();
      if (!intake_->reading()) break;
      if (random_() % 4 == 0) put_off();
    }
    buffer_.took(intake_->stream_rest());
    return !intake_->stream_rest().broken;
  }
  /// Leaves the whole frames that are left for later, and goes on with them.
  void put_off() {
    intake_->put_off();
    intake_->publish(kReadTsc);
    EXPECT_FALSE(intake_->reading());
    EXPECT_EQ(counters_.datagram_open.get(), 0U);
    buffer_.took(intake_->stream_rest());
    EXPECT_NE(buffer_.unread(), 0U);
    buffer_.hand_over(*intake_);
    ++puts_off;
  }

  TestPool pool_{63, kDataBytes};
  std::mt19937 random_{3};
  intake::FrameSource source_;
  std::vector<event::Event> events_;
  std::optional<intake::Intake<TakesAll, kWay>> intake_;
};

template <intake::Way kWay>
void expect_same(Reader<kWay>& reader, const StreamReference& expected, bool sound) {
  reader.close();
  reader.give_back();
  EXPECT_EQ(sound, !expected.broken);
  EXPECT_EQ(reader.said, expected.events);
  const std::size_t partial = expected.rest != 0 ? 1 : 0;
  EXPECT_EQ(reader.counters_.frames_received.get(),
            expected.events.size() + expected.control + expected.all_refused + partial);
  EXPECT_EQ(reader.counters_.control.get(), expected.control);
  EXPECT_EQ(reader.counters_.frame_dropped.get(FrameDrop::kPartialAtClose), partial);
  EXPECT_EQ(reader.counters_.frame_dropped.get(FrameDrop::kLengthOutOfBounds),
            expected.broken ? 1U : 0U);
}

/// Frames of every kind; none of them breaks the stream.
Bytes every_kind() {
  Bytes reserved = frame("$esc/other", 3);
  Bytes bad_session = session(7, 100);
  bad_session[wire::kTopicOffset + wire::kSessionTopic.size()] = 9;  // its version
  return join({frame("a", 1), session(7, 100, 3), frame("plant/b", 40, 200), frame("\xff", 1),
               frame("c", 0), frame("unnumbered", 5), session(8, 5), frame("d", 9), reserved,
               frame(std::string(40, 'x'), 7), bad_session, frame("after", 2)});
}

TEST(Streams, AreReadWhereverTheyAreCutInTwo) {
  const Bytes stream = every_kind();
  const StreamReference expected = read_whole(stream, kLimits);
  ASSERT_EQ(expected.rest, 0U);
  ASSERT_GT(expected.all_refused, 2U);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    SCOPED_TRACE(cut);
    Reader<intake::Way::kPlainFirst> reader;
    const bool sound = reader.receive(std::span(stream).first(cut)) &&
                       reader.receive(std::span(stream).subspan(cut));
    expect_same(reader, expected, sound);
    Reader<intake::Way::kGeneral> general;
    const bool also = general.receive(std::span(stream).first(cut)) &&
                      general.receive(std::span(stream).subspan(cut));
    expect_same(general, expected, also);
    if (HasFailure()) return;
  }
}

TEST(Streams, AreReadByteByByte) {
  const Bytes stream = every_kind();
  Reader<intake::Way::kPlainFirst> reader;
  for (const std::uint8_t& byte : stream) ASSERT_TRUE(reader.receive({&byte, 1}));
  expect_same(reader, read_whole(stream, kLimits), true);
}

TEST(Streams, APartialFrameAtTheEndIsOneRefusedFrame) {
  const Bytes stream = every_kind();
  for (std::size_t end = 1; end < stream.size(); ++end) {
    SCOPED_TRACE(end);
    const Bytes begin(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(end));
    Reader<intake::Way::kPlainFirst> reader;
    const bool sound = reader.receive(begin);
    expect_same(reader, read_whole(begin, kLimits), sound);
    if (HasFailure()) return;
  }
}

TEST(Streams, EndWithALengthThatIsOutOfBounds) {
  for (const std::uint32_t length : {0U, 3U, 601U, 0xffff'ffffU}) {
    Bytes stream = join({frame("a", 1), frame("b", 2)});
    Bytes bad(8);
    wire::store_be32(bad.data(), length);
    stream.insert(stream.end(), bad.begin(), bad.end());
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
      SCOPED_TRACE(cut);
      Reader<intake::Way::kPlainFirst> reader;
      const bool sound = reader.receive(std::span(stream).first(cut)) &&
                         reader.receive(std::span(stream).subspan(cut));
      reader.close();
      reader.give_back();
      EXPECT_FALSE(sound);
      EXPECT_EQ(reader.said.size(), 2U);
      EXPECT_EQ(reader.counters_.frame_dropped.get(FrameDrop::kLengthOutOfBounds), 1U);
      EXPECT_EQ(reader.counters_.frame_dropped.get(FrameDrop::kFrameTruncated), 0U);
      EXPECT_EQ(reader.counters_.frames_received.get(), 3U);
      if (HasFailure()) return;
    }
  }
}

// Random frames, random reads; events are held back for random times, so that buffers can be used
// again at some times and not at others.
TEST(Streams, RandomOnesAreReadAlikeInAnyReads) {
  std::mt19937_64 random(20261130);
  std::size_t moved = 0;
  std::size_t puts_off = 0;
  for (unsigned round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    Bytes stream;
    for (unsigned i = 0; i < 200; ++i) {
      const std::size_t kind = random() % 20;
      const Bytes one =
          kind == 0
              ? session(random() % 3, random() % 1'000, static_cast<std::uint16_t>(random() % 5))
          : kind == 1 ? frame("bad\x01", random() % 30)
          : kind == 2
              ? frame(std::string(1 + random() % 255, 'l'), random() % 300)
              : frame("topic/" + std::to_string(random() % 9), random() % (kind < 5 ? 500 : 40));
      stream.insert(stream.end(), one.begin(), one.end());
    }
    stream.resize(stream.size() - random() % 50);
    const StreamReference expected = read_whole(stream, kLimits);
    Reader<intake::Way::kPlainFirst> reader(1 + random() % 64);
    bool sound = true;
    for (std::size_t at = 0; at < stream.size() && sound;) {
      const std::size_t some = std::min<std::size_t>(1 + random() % 900, stream.size() - at);
      sound = reader.receive(std::span(stream).subspan(at, some));
      at += some;
      if (random() % 3 == 0) reader.give_back();
    }
    moved += reader.copied;
    puts_off += reader.puts_off;
    expect_same(reader, expected, sound);
    if (HasFailure()) return;
  }
  EXPECT_GT(moved, 0U);
  EXPECT_GT(puts_off, 0U);
}

TEST(Streams, OnlyTheBeginOfAFrameIsCopied) {
  Reader<intake::Way::kPlainFirst> reader;
  Bytes stream;
  while (stream.size() < 20'000) {
    const Bytes one = frame("topic", 32);
    stream.insert(stream.end(), one.begin(), one.end());
  }
  ASSERT_TRUE(reader.receive(stream));
  const std::size_t buffers = stream.size() / kDataBytes + 1;
  EXPECT_LE(reader.copied, buffers * frame("topic", 32).size());
}

TEST(Streams, AreNotReadWhileThePoolIsDry) {
  TestPool pool(1, kDataBytes);
  intake::StreamBuffer first({});
  intake::StreamBuffer second({});
  const FromPool buffers{pool.get()};
  EXPECT_TRUE(first.make_room(buffers, 1).made);
  EXPECT_FALSE(second.make_room(buffers, 1).made);
  EXPECT_FALSE(second.has_mbuf());
  first.filled(kDataBytes);
  // Full of a frame that has begun: there is no room to be made in it.
  EXPECT_FALSE(first.make_room(buffers, 1).made);
  first.release(buffers);
  EXPECT_TRUE(second.make_room(buffers, 1).made);
  second.release(buffers);
  EXPECT_TRUE(pool.whole());
}

}  // namespace
}  // namespace esc::test
