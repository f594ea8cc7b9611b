// SPDX-License-Identifier: BSD-3-Clause
// What is decided about an event before it has a worker: whether it was seen before, whether it is
// allowed, and its route.
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "dispatch/dispatch_fixture.hpp"

namespace esc::test {
namespace {

// An event that stays in the input has its verdict already. If it were judged again, it would be
// found a duplicate.
TEST_F(DispatchTest, WhatHasToWaitInTheInputIsJudgedOnce) {
  Producers producers;
  make({{.topic = "a"}}, 1, 4, {.burst = 32, .hold = 4, .producers = &producers.table});
  for (std::uint64_t i = 0; i < 40; ++i) {
    give("a", 7, i);
    if (i % 3 == 0) give("a", 7, i);
  }
  std::vector<event::WorkItem> got;
  for (int polls = 0; got.size() < 40 && polls < 1000; ++polls) {
    (void)stage_->poll(1);
    expect_balanced();
    for (const event::WorkItem& item : take(0, 3)) got.push_back(item);
  }
  ASSERT_EQ(got.size(), 40U);
  for (std::uint64_t i = 0; i < 40; ++i) EXPECT_EQ(got[i].event.sequence, i);
  EXPECT_EQ(counters_.duplicate.get(), 14U);
  EXPECT_EQ(counters_.stale.get(), 0U);
  EXPECT_GT(counters_.polls_blocked.get(), 0U);
}

TEST_F(DispatchTest, DuplicatesAndStaleEventsAreCountedAndGivenBack) {
  Producers producers;
  make({{.topic = "a"}}, 1, 64, {.producers = &producers.table});
  give("a", 7, 1000);
  give("a", 0);  // not numbered: never a duplicate
  give("a", 7, 1000);
  give("a", 7, 999);
  give("a", 7, 1000 - Producers::kWindow);
  give("a", 8, 1000);
  give("a", 0);
  give("unknown", 7, 1001);
  give("unknown", 7, 1001);
  EXPECT_EQ(stage_->poll(1), 9U);
  EXPECT_EQ(counters_.duplicate.get(), 2U);
  EXPECT_EQ(counters_.stale.get(), 1U);
  EXPECT_EQ(unknown(), 1U);
  expect_balanced();
  const auto items = take(0);
  ASSERT_EQ(items.size(), 5U);
  EXPECT_EQ(items[2].event.sequence, 999U);
  EXPECT_TRUE(pool_.whole());
}

TEST_F(DispatchTest, WithoutATableOfProducersNothingIsJudged) {
  make({{.topic = "a"}}, 1, 8);
  give("a", 7, 1);
  give("a", 7, 1);
  EXPECT_EQ(stage_->poll(1), 2U);
  EXPECT_EQ(take(0).size(), 2U);
}

TEST_F(DispatchTest, PatternsAndTheDefaultRouteTakeWhatNoTopicDoes) {
  unknown_ = {.rule = config::UnknownTopic::kRoute, .default_route = route::RouteSpec{.slot = 9}};
  make({{.topic = "a/b"}, {.topic = "a/+"}, {.topic = "b/#"}}, 1, 8);
  for (const char* topic : {"a/b", "a/c", "b", "b/c/d", "a/c/d"}) give(topic);
  EXPECT_EQ(stage_->poll(1), 5U);
  std::vector<std::uint32_t> slots;
  for (const event::WorkItem& item : take(0)) slots.push_back(item.slot);
  EXPECT_EQ(slots, (std::vector<std::uint32_t>{0, 1, 2, 2, 9}));
  EXPECT_EQ(unknown(), 0U);
}

TEST_F(DispatchTest, ARouteSetsPriorityRetriesAndSlot) {
  make({{.topic = "a", .priority = 200, .retries = 5, .slot = 31}, {.topic = "b"}}, 1, 8);
  give("a");
  give("b");
  EXPECT_EQ(stage_->poll(1), 2U);
  const auto items = take(0);
  EXPECT_EQ(items[0].event.priority, 200);
  EXPECT_EQ(items[0].retries, 5);
  EXPECT_EQ(items[0].slot, 31U);
  EXPECT_EQ(items[1].event.priority, 3);
  EXPECT_EQ(items[1].retries, 0);
}

// The events of these tests have no packet around them: their peer is what is noted, or unknown.
TEST_F(DispatchTest, WhoMayNotPublishIsRefused) {
  const auto prefix = std::get<wire::IpPrefix>(wire::parse_prefix("10.0.0.0/8"));
  make({{.topic = "open"}, {.topic = "closed", .publishers = {prefix}}}, 1, 16);
  const auto give_from = [&](const char* topic, std::optional<wire::IpAddress> peer) {
    event::Event event = make_event(pool_, topic);
    event.flags |= event::note_peer(*event.mbuf, peer);
    ASSERT_EQ(producer_.push_burst({&event, 1}), 1U);
  };
  give_from("closed", wire::IpAddress::v4(0x0A01'0203));
  give_from("closed", wire::IpAddress::v4(0x0B01'0203));
  give_from("closed", std::nullopt);
  give_from("open", std::nullopt);
  give_from("open", wire::IpAddress::v4(0x0B01'0203));
  EXPECT_EQ(stage_->poll(1), 5U);
  EXPECT_EQ(dropped(FrameDrop::kTopicNotAllowed), 2U);
  EXPECT_EQ(take(0).size(), 3U);
}

// A forged event leaves its producer's window as it was.
TEST_F(DispatchTest, WhoMayNotSpeakForAProducerIsRefused) {
  Producers producers;
  bound_ = {{.id = 7, .sources = {std::get<wire::IpPrefix>(wire::parse_prefix("10.0.0.1"))}}};
  make({{.topic = "a"}}, 1, 16, {.producers = &producers.table});
  const auto give_from = [&](std::uint64_t producer, std::uint64_t sequence, std::uint32_t peer) {
    event::Event event = make_event(pool_, "a", sequence);
    event.producer = producer;
    event.epoch = 1;
    event.flags |= event::kSequenced;
    event.flags |= event::note_peer(*event.mbuf, wire::IpAddress::v4(peer));
    ASSERT_EQ(producer_.push_burst({&event, 1}), 1U);
  };
  give_from(7, 5, 0x0A00'0002);
  give_from(7, 5, 0x0A00'0001);
  give_from(7, 1'000'000, 0x0A00'0002);
  give_from(7, 6, 0x0A00'0001);
  give_from(8, 6, 0x0A00'0002);
  EXPECT_EQ(stage_->poll(1), 5U);
  EXPECT_EQ(dropped(FrameDrop::kProducerNotAllowed), 2U);
  EXPECT_EQ(counters_.duplicate.get() + counters_.stale.get(), 0U);
  const auto items = take(0);
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0].event.sequence, 5U);
  EXPECT_EQ(items[1].event.sequence, 6U);
}

// An event that is refused for its topic also leaves its producer's window unchanged.
TEST_F(DispatchTest, WhoMayNotPublishLeavesNoNumber) {
  Producers producers;
  const auto prefix = std::get<wire::IpPrefix>(wire::parse_prefix("10.0.0.0/8"));
  make({{.topic = "closed", .publishers = {prefix}}}, 1, 16, {.producers = &producers.table});
  for (const std::uint32_t peer : {0x0B00'0001U, 0x0A00'0001U, 0x0A00'0001U}) {
    event::Event event = make_event(pool_, "closed", 5);
    event.producer = 7;
    event.epoch = 1;
    event.flags |= event::kSequenced;
    event.flags |= event::note_peer(*event.mbuf, wire::IpAddress::v4(peer));
    ASSERT_EQ(producer_.push_burst({&event, 1}), 1U);
  }
  EXPECT_EQ(stage_->poll(1), 3U);
  EXPECT_EQ(dropped(FrameDrop::kTopicNotAllowed), 1U);
  EXPECT_EQ(counters_.duplicate.get(), 1U);
  EXPECT_EQ(take(0).size(), 1U);
}

// An event that waits in the input keeps its verdict, but gets its route from the rules in force
// when it goes on.
TEST_F(DispatchTest, NewRulesApplyToWhatWaitsInTheInput) {
  Producers producers;
  make({{.topic = "a"}, {.topic = "b"}}, 1, 4,
       {.burst = 32, .hold = 4, .producers = &producers.table});
  for (std::uint64_t i = 0; i < 24; ++i) give(i < 20 ? "a" : "b", 7, i - i % 2);
  (void)stage_->poll(1);
  EXPECT_EQ(counters_.polls_blocked.get(), 1U);
  const std::vector<route::RouteSpec> next = {{.topic = "a", .slot = 9}};
  rules_->published.publish(make_rules(next, kHasher));
  EXPECT_TRUE(rules_->published.reclaim());
  std::size_t of_old = 0;
  std::size_t of_new = 0;
  for (int polls = 0; polls < 100; ++polls) {
    for (const event::WorkItem& item : take(0, 3)) ++(item.slot == 9 ? of_new : of_old);
    (void)stage_->poll(2);
    expect_balanced();
  }
  EXPECT_EQ(of_old, 8U);  // four in the worker's ring, four that wait for it
  EXPECT_EQ(of_new, 2U);
  EXPECT_EQ(unknown(), 2U);
  EXPECT_EQ(counters_.duplicate.get(), 12U);
}

TEST_F(DispatchTest, NewRulesApplyFromTheNextPollOn) {
  make({{.topic = "a"}}, 1, 16);
  give("b");
  EXPECT_EQ(stage_->poll(1), 1U);
  EXPECT_EQ(unknown(), 1U);
  const std::vector<route::RouteSpec> next = {{.topic = "b", .slot = 4}};
  rules_->published.publish(make_rules(next, kHasher));
  EXPECT_TRUE(rules_->published.reclaim());
  give("a");
  give("b");
  EXPECT_EQ(stage_->poll(2), 2U);
  EXPECT_EQ(unknown(), 2U);
  const auto items = take(0);
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].slot, 4U);
}

}  // namespace
}  // namespace esc::test
