// SPDX-License-Identifier: BSD-3-Clause
#include "event/releaser.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "event/frame_bytes.hpp"
#include "support/events.hpp"

namespace esc::test {
namespace {

class ReleaserTest : public testing::Test {
 protected:
  event::Event on_port(TestPool& pool, std::uint16_t port) {
    event::Event event = make_event(pool, "a");
    event.source = event::Source::of_port(port, 5);
    return event;
  }

  TestPool first_{255};
  TestPool second_{255};
  std::array<rte_mempool*, 2> pools_{first_.get(), second_.get()};
  event::Releaser releaser_{pools_};
};

TEST_F(ReleaserTest, SoleOwnersGoBackAtTheFlush) {
  for (int i = 0; i < 10; ++i) releaser_.release(on_port(first_, 0));
  EXPECT_EQ(first_.in_use(), 10U);
  releaser_.flush();
  EXPECT_EQ(first_.in_use(), 0U);
}

TEST_F(ReleaserTest, AFlushWithNothingInHandGivesNothing) {
  releaser_.flush();
  releaser_.release(on_port(first_, 0));
  releaser_.flush();
  releaser_.flush();
  EXPECT_TRUE(first_.whole());
}

TEST_F(ReleaserTest, MoreThanABatchOverflowsIntoThePool) {
  constexpr std::size_t kBatch = event::Releaser::kBatch;
  for (std::size_t i = 0; i < kBatch; ++i) releaser_.release(on_port(first_, 0));
  EXPECT_EQ(first_.in_use(), kBatch);
  releaser_.release(on_port(first_, 0));
  EXPECT_EQ(first_.in_use(), 1U);
  releaser_.flush();
  EXPECT_TRUE(first_.whole());
}

// Whatever is released before, and in which order the kinds of owners come.
TEST_F(ReleaserTest, SeveralAtOnceGoBackLikeOneAfterTheOther) {
  const auto event_of = [](const event::Event& event) -> const event::Event& { return event; };
  for (std::size_t before = 0; before <= event::Releaser::kBatch; ++before) {
    std::vector<event::Event> events;
    event::Event shared = on_port(second_, 1);
    events.push_back(share(shared));
    events.push_back(shared);
    for (std::uint16_t i = 0; i < 6; ++i)
      events.push_back(on_port(i < 3 ? first_ : second_, i / 3));
    events.push_back(on_port(first_, 0));
    std::rotate(events.begin(),
                events.begin() + static_cast<std::ptrdiff_t>(before % events.size()), events.end());
    for (std::size_t i = 0; i < before; ++i) releaser_.release(on_port(first_, 0));
    releaser_.release(std::span<const event::Event>(events), event_of);
    releaser_.flush();
    ASSERT_TRUE(first_.whole()) << before;
    ASSERT_TRUE(second_.whole()) << before;
  }
}

TEST_F(ReleaserTest, EachMbufGoesBackToItsOwnPortsPool) {
  // The ports alternate, so that every release changes the port.
  for (int i = 0; i < 50; ++i) {
    releaser_.release(on_port(first_, 0));
    releaser_.release(on_port(second_, 1));
  }
  releaser_.flush();
  EXPECT_TRUE(first_.whole());
  EXPECT_TRUE(second_.whole());
  // If an mbuf were in the wrong pool, that pool would hand it out.
  for (TestPool* pool : {&first_, &second_}) {
    std::array<rte_mbuf*, 255> all{};
    ASSERT_EQ(rte_pktmbuf_alloc_bulk(pool->get(), all.data(), 255), 0);
    for (rte_mbuf* mbuf : all) EXPECT_EQ(mbuf->pool, pool->get());
    rte_pktmbuf_free_bulk(all.data(), 255);
  }
}

TEST_F(ReleaserTest, ASharedMbufGoesBackWithItsLastReference) {
  event::Event one = make_event(first_, "a");
  const event::Event two = share(one);
  const event::Event three = share(one);
  EXPECT_EQ(rte_mbuf_refcnt_read(one.mbuf), 3);
  releaser_.release(one);
  releaser_.release(two);
  releaser_.flush();
  EXPECT_EQ(first_.in_use(), 1U);
  EXPECT_EQ(rte_mbuf_refcnt_read(three.mbuf), 1);
  releaser_.release(three);
  releaser_.flush();
  EXPECT_TRUE(first_.whole());
}

TEST_F(ReleaserTest, ReferencesToOneMbufGoBackTogether) {
  event::Event one = make_event(first_, "a");
  const event::Event two = share(one);
  const event::Event three = share(one);
  releaser_.release(one);
  releaser_.release(two);
  EXPECT_EQ(rte_mbuf_refcnt_read(three.mbuf), 3);
  releaser_.flush();
  EXPECT_EQ(rte_mbuf_refcnt_read(three.mbuf), 1);
  // With another mbuf they end.
  const event::Event four = share(one);
  event::Event other = make_event(first_, "b");
  const event::Event of_other = share(other);
  releaser_.release(three);
  releaser_.release(four);
  EXPECT_EQ(first_.in_use(), 2U);
  releaser_.release(other);
  EXPECT_EQ(first_.in_use(), 1U);
  releaser_.release(of_other);
  releaser_.flush();
  EXPECT_TRUE(first_.whole());
}

TEST_F(ReleaserTest, AsManyReferencesAsADatagramCanHold) {
  event::Event event = make_event(first_, "a");
  constexpr std::uint16_t kEvents = 8189;  // 65,507 bytes of 8-byte frames, and the stage's own
  event.flags = 0;
  rte_mbuf_refcnt_set(event.mbuf, kEvents);
  for (int i = 0; i < kEvents - 1; ++i) releaser_.release(event);
  releaser_.flush();
  EXPECT_EQ(rte_mbuf_refcnt_read(event.mbuf), 1);
  EXPECT_EQ(first_.in_use(), 1U);
  releaser_.release(event);
  releaser_.flush();
  EXPECT_TRUE(first_.whole());
}

TEST_F(ReleaserTest, ASharedMbufGoesToThePoolItSaysWhateverThePort) {
  event::Event one = on_port(second_, 0);  // a copy in another pool, as a jumbo frame is
  one.flags = 0;
  releaser_.release(one);
  releaser_.flush();
  EXPECT_TRUE(first_.whole());
  EXPECT_TRUE(second_.whole());
}

TEST_F(ReleaserTest, SoleAndSharedMixed) {
  for (int i = 0; i < 100; ++i) {
    event::Event shared = on_port(first_, 0);
    const event::Event other = share(shared);
    releaser_.release(shared);
    releaser_.release(on_port(i % 3 == 0 ? second_ : first_, i % 3 == 0 ? 1 : 0));
    releaser_.release(other);
  }
  releaser_.flush();
  EXPECT_TRUE(first_.whole());
  EXPECT_TRUE(second_.whole());
}

TEST_F(ReleaserTest, WhatGoesBackIsFitToBeHandedOutAgain) {
  for (int i = 0; i < 64; ++i) releaser_.release(on_port(first_, 0));
  releaser_.flush();
  for (int i = 0; i < 255; ++i) {
    rte_mbuf* mbuf = rte_pktmbuf_alloc(first_.get());
    ASSERT_NE(mbuf, nullptr);
    const char* why = nullptr;
    EXPECT_EQ(rte_mbuf_check(mbuf, 1, &why), 0) << why;
    // The whole buffer can be written again, also under AddressSanitizer.
    std::memset(mbuf->buf_addr, 0xab, mbuf->buf_len);
    releaser_.release([&] {
      event::Event event{};
      event.mbuf = mbuf;
      event.flags = event::kSoleOwner;
      return event;
    }());
  }
  releaser_.flush();
  EXPECT_TRUE(first_.whole());
}

TEST(Event, FrameTopicAndPayloadAreReadInPlace) {
  TestPool pool(7);
  const event::Event event = make_event(pool, "sensor/1", 0, 30);
  EXPECT_EQ(event::frame(event).size(), 4U + 3 + 8 + 30);
  const auto topic = event::topic(event);
  EXPECT_EQ(std::string(topic.begin(), topic.end()), "sensor/1");
  EXPECT_EQ(event::payload(event).size(), 30U);
  EXPECT_EQ(event.payload_bytes(), 30U);
  EXPECT_EQ(event::payload(event).data() + 30,
            event::frame(event).data() + event::frame(event).size());
  rte_pktmbuf_free(event.mbuf);
}

TEST(Event, SourceKeepsWhatItIsMadeOf) {
  using event::Source;
  EXPECT_EQ(Source::of_port(32767, 1).port(), 32767);
  EXPECT_EQ(Source::of_port(3, 65535).queue(), 65535);
  EXPECT_EQ(Source::of_port(3, 65535).kind(), event::SourceKind::kPort);
  EXPECT_NE(Source::of_port(3, 1), Source::of_port(3, 2));
  const Source connection = Source::of_connection(65535, 32767);
  EXPECT_EQ(connection.kind(), event::SourceKind::kConnection);
  EXPECT_EQ(connection.slot(), 65535U);
  EXPECT_EQ(connection.generation(), 32767U);
  EXPECT_EQ(Source::of_connection(7, 32768 + 5).generation(), 5U);
  EXPECT_NE(Source::of_connection(7, 1), Source::of_connection(7, 2));
}

}  // namespace
}  // namespace esc::test
