// SPDX-License-Identifier: BSD-3-Clause
// Events that are told apart by a key.
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "dispatch/dispatch_fixture.hpp"

namespace esc::test {
namespace {

class KeysTest : public DispatchTest {
 protected:
  void make(const std::vector<route::RouteSpec>& routes, identity::ProducerTable* producers) {
    DispatchTest::make(routes, 1, 64, {.producers = producers, .keys = keys_.store()});
  }
  void make(const std::vector<route::RouteSpec>& routes) { make(routes, nullptr); }

  [[nodiscard]] event::Event event_of(std::string_view topic, std::string_view payload) const {
    return make_event(pool_, topic, 0, Bytes(payload.begin(), payload.end()));
  }
  void give_event(const event::Event& event) { ASSERT_EQ(producer_.push_burst({&event, 1}), 1U); }
  void give_payload(std::string_view topic, std::string_view payload) {
    give_event(event_of(topic, payload));
  }
  /// Polls once; returns how many events were delivered, and how many were duplicates.
  [[nodiscard]] std::pair<std::size_t, std::uint64_t> through() {
    const std::uint64_t before = counters_.duplicate_key.get();
    (void)stage_->poll(1);
    expect_balanced();
    return {take(0).size(), counters_.duplicate_key.get() - before};
  }

  using Told = std::pair<std::size_t, std::uint64_t>;
  static constexpr config::DedupConfig kId{config::DedupKind::kPayloadId, 2, 3};
  static constexpr config::DedupConfig kContent{config::DedupKind::kContent, 0, 0};
  Keys keys_;
};

TEST_F(KeysTest, AnIdInThePayloadCountsOnce) {
  make({{.topic = "a", .dedup = kId}, {.topic = "b", .dedup = kId}, {.topic = "c"}});
  give_payload("a", "xxONEyy");
  give_payload("a", "..ONE");  // the same id
  give_payload("a", "xxTWOyy");
  give_payload("b", "xxONEyy");  // another topic
  give_payload("c", "xxONEyy");  // no key
  give_payload("c", "xxONEyy");
  EXPECT_EQ(through(), Told(5, 1));
  give_payload("a", "__TWO");
  EXPECT_EQ(through(), Told(0, 1));
  EXPECT_EQ(counters_.unkeyed.get(), 0U);
  EXPECT_EQ(stage_->key_counters()->fresh.get(), 3U);
}

TEST_F(KeysTest, TooShortForItsKeyPassesAndIsCounted) {
  make({{.topic = "a", .dedup = kId}});
  for (const char* payload : {"xxON", "xxON", "", "", "xxONE"}) give_payload("a", payload);
  EXPECT_EQ(through(), Told(5, 0));
  EXPECT_EQ(counters_.unkeyed.get(), 4U);
}

TEST_F(KeysTest, TheContentIsAllOfThePayload) {
  make({{.topic = "a", .dedup = kContent},
        {.topic = "b", .dedup = {config::DedupKind::kContent, 1, 0}}});
  for (const char* payload : {"12", "123", "12", "", ""}) give_payload("a", payload);
  EXPECT_EQ(through(), Told(3, 2));
  for (const char* payload : {"x12", "y12", "x", "y", ""}) give_payload("b", payload);
  EXPECT_EQ(through(), Told(3, 2));
  EXPECT_EQ(counters_.unkeyed.get(), 1U);
}

TEST_F(KeysTest, PatternsAndTheDefaultRouteHaveKeysToo) {
  unknown_ = {.rule = config::UnknownTopic::kRoute,
              .default_route = route::RouteSpec{.dedup = kContent, .slot = 9}};
  make({{.topic = "a/+", .dedup = kContent}});
  for (const char* topic : {"a/1", "a/2", "a/1", "other", "other"}) give_payload(topic, "same");
  EXPECT_EQ(through(), Told(3, 2));
}

TEST_F(KeysTest, ANumberWinsOverAKey) {
  Producers producers;
  make({{.topic = "a", .dedup = kContent}}, &producers.table);
  const auto numbered = [&](std::uint64_t sequence) {
    event::Event event = event_of("a", "same");
    event.producer = 7;
    event.sequence = sequence;
    event.epoch = 1;
    event.flags |= event::kSequenced;
    give_event(event);
  };
  numbered(1);
  numbered(2);
  numbered(2);
  EXPECT_EQ(through(), Told(2, 0));
  EXPECT_EQ(counters_.duplicate.get(), 1U);
  give_payload("a", "same");
  give_payload("a", "same");
  EXPECT_EQ(through(), Told(1, 1));
}

// There is no room for its producer, so only its key can show that it is a duplicate.
TEST_F(KeysTest, AnEventOfAnUntrackedProducerIsJudgedByItsKey) {
  Producers producers(1);
  make({{.topic = "a", .dedup = kContent}}, &producers.table);
  for (const std::uint64_t producer : {1U, 2U, 2U}) {
    event::Event event = event_of("a", "same");
    event.producer = producer;
    event.sequence = 1;
    event.epoch = 1;
    event.flags |= event::kSequenced;
    give_event(event);
  }
  EXPECT_EQ(through(), Told(2, 1));
  EXPECT_EQ(producers.table.totals().untracked.get(), 2U);
}

// Equal bytes under two rules are two keys.
TEST_F(KeysTest, AnotherRuleHasOtherKeys) {
  make({{.topic = "a", .dedup = {config::DedupKind::kPayloadId, 0, 4}}});
  give_payload("a", "1234....");
  EXPECT_EQ(through(), Told(1, 0));
  const auto reload = [this](const config::DedupConfig& dedup) {
    rules_->published.publish(
        make_rules(std::vector<route::RouteSpec>{{.topic = "a", .dedup = dedup}}, kHasher));
    EXPECT_TRUE(rules_->published.reclaim());
  };
  reload({config::DedupKind::kPayloadId, 4, 4});
  give_payload("a", "....1234");
  EXPECT_EQ(through(), Told(1, 0));
  reload({config::DedupKind::kContent, 0, 0});
  give_payload("a", "1234");
  EXPECT_EQ(through(), Told(1, 0));
  reload({config::DedupKind::kPayloadId, 0, 4});
  give_payload("a", "1234");
  EXPECT_EQ(through(), Told(0, 1));
}

// If a topic were looked up twice, the cache would take it for one that returns, and it would push
// out others.
TEST_F(KeysTest, TheRouteOfEachEventIsLookedForOnce) {
  make({{.topic = "a/+", .dedup = kContent}});
  for (int i = 0; i < 100; ++i) {
    give_payload("a/" + std::to_string(i), "same");
    EXPECT_EQ(through(), Told(1, 0));
  }
  EXPECT_EQ(stage_->cache_counters().searches.get() + stage_->cache_counters().hits.get(), 100U);
}

TEST_F(KeysTest, WhereNumbersAreNotJudgedKeysAre) {
  make({{.topic = "a", .dedup = kContent}});
  for (int i = 0; i < 2; ++i) {
    event::Event event = event_of("a", "same");
    event.flags |= event::kSequenced;
    give_event(event);
  }
  EXPECT_EQ(through(), Told(1, 1));
}

// Otherwise anybody could make others' events look like copies.
TEST_F(KeysTest, WhoMayNotPublishLeavesNoKey) {
  const auto prefix = std::get<wire::IpPrefix>(wire::parse_prefix("10.0.0.0/8"));
  make({{.topic = "a", .dedup = kContent, .publishers = {prefix}}});
  for (const std::uint32_t peer : {0x0B00'0001U, 0x0A00'0001U}) {
    event::Event event = event_of("a", "same");
    event.flags |= event::note_peer(*event.mbuf, wire::IpAddress::v4(peer));
    give_event(event);
  }
  EXPECT_EQ(stage_->poll(1), 2U);
  EXPECT_EQ(dropped(FrameDrop::kTopicNotAllowed), 1U);
  EXPECT_EQ(counters_.duplicate_key.get(), 0U);
  EXPECT_EQ(take(0).size(), 1U);
}

// An event that has to wait in the input has its verdict already.
TEST_F(KeysTest, EachIsJudgedOnce) {
  DispatchTest::make({{.topic = "a", .dedup = kContent}}, 1, 4,
                     {.burst = 32, .hold = 4, .lossless = true, .keys = keys_.store()});
  for (int i = 0; i < 40; ++i) {
    const std::string payload = std::to_string(i - i % 2);
    give_payload("a", payload);
  }
  std::size_t got = 0;
  for (int polls = 0; got < 20 && polls < 1000; ++polls) {
    (void)stage_->poll(1);
    expect_balanced();
    got += take(0, 3).size();
  }
  EXPECT_EQ(got, 20U);
  EXPECT_EQ(counters_.duplicate_key.get(), 20U);
  EXPECT_GT(counters_.polls_blocked.get(), 0U);
}

TEST_F(KeysTest, WithoutATableNoEventHasAKey) {
  DispatchTest::make({{.topic = "a", .dedup = kContent}}, 1, 8);
  give_payload("a", "same");
  give_payload("a", "same");
  EXPECT_EQ(through(), Told(2, 0));
  EXPECT_EQ(stage_->key_counters(), nullptr);
}

}  // namespace
}  // namespace esc::test
