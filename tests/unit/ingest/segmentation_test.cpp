// SPDX-License-Identifier: BSD-3-Clause
// The same bytes in any segmentation are the same events: the differential test of the chained
// path.
#include <random>

#include "ingest/rx_fixture.hpp"

namespace esc::test {
namespace {

struct Outcome {
  std::vector<Seen> events;
  std::vector<std::uint64_t> counts;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

class SegmentationTest : public RxFixture {
 protected:
  Outcome outcome(const Bytes& packet, std::vector<std::size_t> cuts) {
    const auto before = counts();
    give(packet, std::move(cuts));
    run();
    Outcome result{seen(), counts()};
    for (std::size_t i = 0; i < before.size(); ++i) result.counts[i] -= before[i];
    release_events();
    return result;
  }

 private:
  [[nodiscard]] std::vector<std::uint64_t> counts() const {
    std::vector<std::uint64_t> all = {counters_.packets_received.get(), counters_.datagrams.get(),
                                      counters_.frames_received.get(), counters_.control.get()};
    for (std::size_t i = 0; i < static_cast<std::size_t>(FrameDrop::kCount); ++i) {
      all.push_back(dropped(static_cast<FrameDrop>(i)));
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(PacketDrop::kCount); ++i) {
      all.push_back(dropped(static_cast<PacketDrop>(i)));
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(NonEvent::kCount); ++i) {
      all.push_back(counters_.non_event.get(static_cast<NonEvent>(i)));
    }
    return all;
  }
};

Bytes mixed_datagram() {
  Bytes bad_utf8 = frame("bad", 9);
  bad_utf8[8] = 0xff;
  Bytes bad_topic_len = frame("bad", 9);
  bad_topic_len[5] = 0x7f;
  return join({frame("first", 20), session(9, 1000), frame("second/topic", 0), bad_utf8,
               frame("third", 300), bad_topic_len, frame("fourth", 77), Bytes{0, 0}});
}

TEST_F(SegmentationTest, OneCutAnywhere) {
  for (const bool ipv6 : {false, true}) {
    const Bytes packet = packet_of(mixed_datagram(), ipv6, 2);
    const Outcome whole = outcome(packet, {});
    ASSERT_EQ(whole.events.size(), 4U);
    ASSERT_TRUE(whole.events[1].sequenced);
    for (std::size_t cut = 1; cut < packet.size(); ++cut) {
      ASSERT_EQ(outcome(packet, {cut}), whole)
          << "cut at " << cut << (ipv6 ? " of IPv6" : " of IPv4");
    }
  }
}

TEST_F(SegmentationTest, RandomCutsWithEmptySegments) {
  std::mt19937 random(20261123);
  const Bytes packet = packet_of(mixed_datagram());
  const Outcome whole = outcome(packet, {});
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::size_t> cuts(1 + random() % 12);
    for (std::size_t& cut : cuts) cut = random() % (packet.size() + 1);
    ASSERT_EQ(outcome(packet, cuts), whole) << "round " << round;
  }
}

TEST_F(SegmentationTest, OneByteSegments) {
  const Bytes packet = packet_of(join({frame("one", 9), frame("two", 3)}));
  std::vector<std::size_t> cuts;
  for (std::size_t cut = 1; cut < packet.size(); ++cut) cuts.push_back(cut);
  EXPECT_EQ(outcome(packet, cuts), outcome(packet, {}));
}

TEST_F(SegmentationTest, RandomBytesAfterSoundHeaders) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    Bytes payload = mixed_datagram();
    for (int flips = 0; flips < 4; ++flips)
      payload[random() % payload.size()] = static_cast<std::uint8_t>(random());
    const Bytes packet = packet_of(payload);
    const Outcome whole = outcome(packet, {});
    std::vector<std::size_t> cuts(1 + random() % 6);
    for (std::size_t& cut : cuts) cut = random() % (packet.size() + 1);
    ASSERT_EQ(outcome(packet, cuts), whole) << "round " << round;
  }
}

TEST_F(SegmentationTest, AFrameThatEndsAtASegmentBoundaryIsNotCopied) {
  const Bytes first = frame("first", 20);
  const Bytes packet = packet_of(join({first, frame("second", 20)}));
  give(packet, {42 + first.size()});
  run();
  ASSERT_EQ(sink_.state->events.size(), 2U);
  // Two segments for two events; no other mbuf was taken from the pool.
  EXPECT_EQ(rte_mempool_in_use_count(pool_.get()), 2U);
  EXPECT_EQ(counters_.frames_linearised.get(), 0U);
}

// Another reference to one of the segments exists: the chain is left whole, and the holder of that
// reference frees it.
TEST_F(SegmentationTest, AChainThatIsSharedIsNotTakenApart) {
  const Bytes packet = packet_of(mixed_datagram());
  const std::vector<std::size_t> cuts = {60, 150, packet.size() - 40};
  const Outcome whole = outcome(packet, {});
  ASSERT_EQ(whole.events.size(), 4U);
  for (std::size_t held = 0; held <= cuts.size(); ++held) {
    give(packet, cuts);
    rte_mbuf* chain = queue_.state->packets.back();
    rte_mbuf* segment = chain;
    for (std::size_t i = 0; i < held; ++i) segment = segment->next;
    rte_mbuf_refcnt_update(segment, 1);
    std::vector<rte_mbuf*> rest;
    for (rte_mbuf* at = segment; at != nullptr; at = at->next) rest.push_back(at);
    run();
    EXPECT_EQ(seen(), whole.events);
    for (const event::Event& event : sink_.state->events) {
      EXPECT_FALSE(event.has(event::kSoleOwner));
      EXPECT_EQ(std::ranges::count(rest, event.mbuf), 0);
    }
    release_events();
    // One reference is left, and the segment still has the same bytes.
    EXPECT_EQ(rte_mbuf_refcnt_read(segment), 1U);
    EXPECT_EQ(pool_.in_use(), 1U);
    event::free_segment(segment);
    EXPECT_TRUE(pool_.whole());
  }
}

// The sender holds the whole chain too, and relies on its links when it frees the chain later.
TEST_F(SegmentationTest, ASharedChainKeepsItsLinks) {
  const Bytes packet = packet_of(mixed_datagram());
  give(packet, {60, 150});
  rte_mbuf* chain = queue_.state->packets.back();
  for (rte_mbuf* at = chain; at != nullptr; at = at->next) rte_mbuf_refcnt_update(at, 1);
  run();
  release_events();
  EXPECT_EQ(chain->nb_segs, 3U);
  EXPECT_EQ(chain->pkt_len, packet.size());
  Bytes bytes(packet.size());
  const void* read =
      rte_pktmbuf_read(chain, 0, static_cast<std::uint32_t>(bytes.size()), bytes.data());
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(bytes, packet);
  event::free_packet(chain);
  EXPECT_TRUE(pool_.whole());
}

Bytes frames(std::size_t count) {
  Bytes all;
  for (std::size_t i = 0; i < count; ++i) {
    const Bytes one = frame("t", 1);
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

// From the first hand-over on other lcores read what the segment keeps of the sender.
TEST_F(SegmentationTest, TheSenderIsKeptBeforeTheFirstEventOfASegmentIsHandedOver) {
  limits_.burst = 8;
  const Bytes packet = packet_of(frames(40));
  give(packet, {42 + 10 * frame("t", 1).size()});
  EXPECT_NE(stage().poll(++now_), 0U);
  EXPECT_NE(stage().poll(++now_), 0U);
  ASSERT_EQ(sink_.state->events.size(), 16U);
  const event::Event first = sink_.state->events[10];
  ASSERT_TRUE(first.has(event::kPeerNoted));
  auto* note = static_cast<std::uint8_t*>(first.mbuf->buf_addr);
  const Bytes kept(note, note + event::kPeerNoteBytes);
  std::fill_n(note, event::kPeerNoteBytes, std::uint8_t{0xEE});
  run();
  ASSERT_EQ(sink_.state->events.size(), 40U);
  EXPECT_EQ(sink_.state->events[39].mbuf, first.mbuf);
  EXPECT_EQ(Bytes(note, note + event::kPeerNoteBytes), Bytes(event::kPeerNoteBytes, 0xEE));
  std::ranges::copy(kept, note);
  EXPECT_EQ(event::peer_address(sink_.state->events[39]),
            event::peer_address(sink_.state->events[0]));
}

// A clone's bytes, and the room before them, are those of the mbuf that it was made of.
TEST_F(SegmentationTest, NothingIsWrittenIntoTheBufferUnderAClone) {
  const Bytes tail = frames(3);
  rte_mbuf* original = pool_.packet(tail);
  rte_mbuf* clone = rte_pktmbuf_clone(original, pool_.get());
  ASSERT_NE(clone, nullptr);
  auto* room = static_cast<std::uint8_t*>(original->buf_addr);
  std::fill_n(room, event::kPeerNoteBytes, std::uint8_t{0xEE});
  const Bytes whole = packet_of(frames(4));
  rte_mbuf* head = pool_.packet(std::span(whole).first(whole.size() - tail.size()));
  ASSERT_EQ(rte_pktmbuf_chain(head, clone), 0);
  queue_.state->packets.push_back(head);
  run();
  ASSERT_EQ(sink_.state->events.size(), 4U);
  const auto expected = event::peer_address(sink_.state->events[0]);
  EXPECT_TRUE(expected);
  for (const event::Event& event : sink_.state->events) {
    EXPECT_EQ(event::peer_address(event), expected);
  }
  EXPECT_EQ(Bytes(room, room + event::kPeerNoteBytes), Bytes(event::kPeerNoteBytes, 0xEE));
  event::free_packet(original);
}

TEST_F(SegmentationTest, AFrameTooLargeForOneMbufGoesToTheJumboPool) {
  const Bytes packet = packet_of(join({frame("big", 5000), frame("small", 5)}));
  give(packet, {2000, 4000});
  run();
  ASSERT_EQ(sink_.state->events.size(), 2U);
  EXPECT_EQ(see(sink_.state->events[0]).payload.size(), 5000U);
  EXPECT_EQ(sink_.state->events[0].mbuf->pool, jumbo_.get());
  EXPECT_EQ(counters_.frames_linearised.get(), 1U);
}

TEST_F(SegmentationTest, NoJumboBufferIsWaitedForThenCounted) {
  limits_.jumbo_wait_cycles = 10;
  port_.jumbo_pool = nullptr;
  give(packet_of(join({session(5, 0), frame("big", 5000), frame("small", 5)})), {2000, 4000});
  EXPECT_NE(stage().poll(100), 0U);
  EXPECT_EQ(counters_.jumbo_waits.get(), 1U);
  EXPECT_EQ(dropped(FrameDrop::kNoJumboBuffer), 0U);
  EXPECT_EQ(stage().poll(105), 0U);
  EXPECT_NE(stage().poll(110) + stage().poll(111), 0U);
  EXPECT_EQ(dropped(FrameDrop::kNoJumboBuffer), 1U);
  ASSERT_EQ(sink_.state->events.size(), 1U);
  EXPECT_EQ(see(sink_.state->events[0]).topic, "small");
  EXPECT_EQ(see(sink_.state->events[0]).sequence,
            1U);  // the frame that was given up kept its number
  EXPECT_EQ(counters_.frames_received.get(), 3U);
}

}  // namespace
}  // namespace esc::test
