// SPDX-License-Identifier: BSD-3-Clause
// The intake without ports: buffers of frames from a connection.
#include "intake/intake.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <vector>

#include "event/frame_bytes.hpp"
#include "ingest/packets.hpp"
#include "support/mbufs.hpp"

namespace esc::test {
namespace {

constexpr std::uint64_t kNow = 5;
constexpr std::uint64_t kRxTsc = 4711;
const event::Source kConnection = event::Source::of_connection(9, 3);

struct Sink {
  std::vector<event::Event>* events;
  const std::size_t* room;
  [[nodiscard]] std::size_t push_burst(std::span<const event::Event> burst) {
    const std::size_t count = std::min(burst.size(), *room);
    events->insert(events->end(), burst.begin(),
                   burst.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  [[nodiscard]] std::size_t size() const { return 0; }
};

class IntakeTest : public testing::Test {
 protected:
  IntakeTest() {
    source_.pool = pool_.get();
    std::vector<intake::Lane<Sink>> lanes;
    lanes.emplace_back(Sink{&events_, &room_}, counters_);
    intake_.emplace(std::move(lanes), route::TopicHasher(1), identity::ProducerOwner(0, 1),
                    intake::IntakeLimits{.burst = 8});
    intake_->from({&source_, kConnection, 0}, kRxTsc);
  }
  ~IntakeTest() override {
    for (const event::Event& event : events_) event::free_segment(event.mbuf);
    EXPECT_TRUE(pool_.whole());
  }

  /// A buffer of frames, with nothing before them but the headroom.
  void read(const Bytes& frames) {
    intake_->read_pressure(true);
    intake_->begin(pool_.packet(frames), 0, static_cast<std::uint32_t>(frames.size()), true);
    for (unsigned polls = 0; intake_->reading(); ++polls) {
      ASSERT_LT(polls, 10U);
      intake_->read_pressure(true);
      (void)intake_->read(kNow);
      intake_->publish(kNow);
      (void)intake_->push();
    }
  }

  TestPool pool_{63};
  intake::FrameSource source_;
  telemetry::FrameCounters counters_;
  std::vector<event::Event> events_;
  std::size_t room_ = SIZE_MAX;
  std::optional<intake::Intake<Sink>> intake_;
};

TEST_F(IntakeTest, MakesEventsOfABufferOfAnySource) {
  read(join({frame("a", 1), session(7, 100, 2), frame("plant/b", 40, 200), frame("\xff", 1),
             frame("c", 0)}));
  ASSERT_EQ(events_.size(), 3U);
  EXPECT_EQ(counters_.frames_received.get(), 5U);
  EXPECT_EQ(counters_.control.get(), 1U);
  EXPECT_EQ(counters_.frame_dropped.get(FrameDrop::kTopicNotUtf8), 1U);
  for (const event::Event& event : events_) {
    EXPECT_EQ(event.source, kConnection);
    EXPECT_EQ(event.rx_tsc, kRxTsc);
    EXPECT_FALSE(event.has(event::kSoleOwner));
  }
  EXPECT_FALSE(events_[0].has(event::kSequenced));
  EXPECT_EQ(events_[1].sequence, 100U);
  EXPECT_EQ(events_[1].priority, 200U);
  // The refused frame used up the session's other number.
  EXPECT_FALSE(events_[2].has(event::kSequenced));
  const auto topic = event::topic(events_[1]);
  EXPECT_EQ(std::string(topic.begin(), topic.end()), "plant/b");
}

// The lane holds eight events. The others come in further polls, and each adds one reference.
TEST_F(IntakeTest, GoesOnWhereALaneWasFull) {
  Bytes frames;
  for (unsigned i = 0; i < 20; ++i) {
    const Bytes one = frame("topic", i);
    frames.insert(frames.end(), one.begin(), one.end());
  }
  read(frames);
  ASSERT_EQ(events_.size(), 20U);
  for (unsigned i = 0; i < 20; ++i) EXPECT_EQ(events_[i].payload_bytes(), i);
  EXPECT_EQ(rte_mbuf_refcnt_read(events_[0].mbuf), 20U);
  EXPECT_EQ(counters_.frames_received.get(), 20U);
  EXPECT_EQ(counters_.datagram_open.get(), 0U);
}

// Its pool cannot be found by a port, so the event gives its reference back.
TEST_F(IntakeTest, AnEventOfAConnectionIsNoSoleOwner) {
  read(frame("a", 1));
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_FALSE(events_[0].has(event::kSoleOwner));
}

TEST_F(IntakeTest, KeepsWhatARingDoesNotTake) {
  room_ = 1;
  intake_->read_pressure(true);
  const Bytes frames = join({frame("a", 1), frame("b", 1), frame("c", 1)});
  intake_->begin(pool_.packet(frames), 0, static_cast<std::uint32_t>(frames.size()), false);
  EXPECT_TRUE(intake_->read(kNow));
  intake_->publish(kNow);
  EXPECT_EQ(intake_->push(), 1U);
  EXPECT_TRUE(intake_->holding());
  EXPECT_EQ(counters_.events_held.get(), 2U);
  intake_->drop_staged(FrameDrop::kPaused);
  EXPECT_FALSE(intake_->holding());
  EXPECT_EQ(counters_.frame_dropped.get(FrameDrop::kPaused), 2U);
  EXPECT_EQ(counters_.frames_received.get(), 3U);
}

}  // namespace
}  // namespace esc::test
