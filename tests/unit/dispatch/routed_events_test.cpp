// SPDX-License-Identifier: BSD-3-Clause
// Events that bring their route along from the stage that received them.
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "dispatch/dispatch_fixture.hpp"

namespace esc::test {
namespace {

class RoutedEvents : public DispatchTest {
 protected:
  [[nodiscard]] const route::RouteSet& routes() const { return rules_->published.get()->routes; }
  void replace(const std::vector<route::RouteSpec>& specs) {
    rules_->published.publish(make_rules(specs, kHasher, unknown_, bound_, replay_sources_));
  }
  /// An event of `topic` with what a receiving stage finds among the routes in force.
  [[nodiscard]] event::Event routed(std::string_view topic, std::uint64_t number = 0) {
    event::Event event = make_event(pool_, topic, number);
    const std::uint32_t route = routes().find_exact(event.topic_hash, event::topic(event));
    if (route == route::RouteSet::kNone) {
      ADD_FAILURE() << topic << " is no exact topic";
      return event;
    }
    event.route = {.index = route, .generation = routes().generation()};
    event.flags |= event::kRouteFound;
    return event;
  }
  void push(const event::Event& event) { ASSERT_EQ(producer_.push_burst({&event, 1}), 1U); }
  /// The slots of what the worker gets.
  std::vector<std::uint32_t> slots(std::size_t worker = 0) {
    std::vector<std::uint32_t> all;
    for (const event::WorkItem& item : take(worker)) all.push_back(item.slot);
    return all;
  }
};

TEST_F(RoutedEvents, GoToThatRouteWithoutALookAtTheirTopic) {
  make({{.topic = "a", .slot = 3}, {.topic = "b", .slot = 5}}, 1, 64);
  event::Event event = routed("a");
  event.route.index = 1;
  push(event);
  EXPECT_EQ(stage_->poll(1), 1U);
  EXPECT_EQ(slots(), (std::vector<std::uint32_t>{5}));
}

TEST_F(RoutedEvents, GoByTheRulesInForceWhenTheyWereReplacedSince) {
  make({{.topic = "moved", .slot = 1},
        {.topic = "pattern/now", .slot = 2},
        {.topic = "gone", .slot = 3}},
       1, 64);
  for (const char* topic : {"moved", "pattern/now", "gone"}) push(routed(topic));
  replace({{.topic = "other", .slot = 4},
           {.topic = "pattern/+", .slot = 5},
           {.topic = "moved", .slot = 6}});
  EXPECT_EQ(stage_->poll(1), 3U);
  EXPECT_EQ(slots(), (std::vector<std::uint32_t>{6, 5}));
  EXPECT_EQ(unknown(), 1U);
  expect_balanced();
}

// Also those that were judged before, and wait for room.
TEST_F(RoutedEvents, GoByTheRulesInForceWhenTheyHadToWait) {
  make({{.topic = "a", .slot = 1}}, 1, 2, {.hold = 1});
  for (int i = 0; i < 6; ++i) push(routed("a"));
  (void)stage_->poll(1);
  replace({{.topic = "#", .slot = 7}});
  std::vector<std::uint32_t> all;
  for (std::uint64_t now = 2; now < 20 && all.size() < 6; ++now) {
    for (const std::uint32_t slot : slots()) all.push_back(slot);
    (void)stage_->poll(now);
  }
  // Two went to the ring and one to the queue before it; the others waited in the input.
  EXPECT_EQ(all, (std::vector<std::uint32_t>{1, 1, 1, 7, 7, 7}));
}

// One event finds both rings full: its turn is the one that counts, not one for each look at it.
TEST_F(RoutedEvents, TakeTheirTurnsWhileWorkersAreFull) {
  make({{.topic = "turns", .spread = config::Spread::kRoundRobin}}, 2, 2, {.hold = 8});
  for (int i = 0; i < 12; ++i) {
    push(routed("turns"));
    EXPECT_EQ(stage_->poll(1), 1U);
  }
  std::array<std::size_t, 2> got{};
  for (std::uint64_t now = 2; now < 20; ++now) {
    for (std::size_t worker = 0; worker < 2; ++worker) got[worker] += take(worker).size();
    (void)stage_->poll(now);
  }
  EXPECT_EQ(got, (std::array<std::size_t, 2>{6, 6}));
}

// The worker of a topic must not depend on what an event carries, or order would be lost.
TEST_F(RoutedEvents, GoToTheWorkerOfTheirTopic) {
  constexpr std::uint64_t kRoutedTopics = 40;
  const auto topic = [](std::uint64_t number) { return "t/" + std::to_string(number); };
  std::vector<route::RouteSpec> specs;
  for (std::uint64_t i = 0; i < kRoutedTopics; ++i) specs.push_back({.topic = topic(i)});
  make(specs, 3, 256);
  // The numbers of the topics that each worker gets.
  const auto by_worker = [this] {
    (void)stage_->poll(1);
    std::array<std::vector<std::uint64_t>, 3> numbers;
    for (std::size_t worker = 0; worker < numbers.size(); ++worker)
      for (const event::WorkItem& item : take(worker))
        numbers[worker].push_back(item.event.sequence);
    return numbers;
  };
  for (std::uint64_t i = 0; i < kRoutedTopics; ++i) push(make_event(pool_, topic(i), i));
  const auto by_hash = by_worker();
  for (const auto& of_worker : by_hash) EXPECT_FALSE(of_worker.empty());
  for (std::uint64_t i = 0; i < kRoutedTopics; ++i) push(routed(topic(i), i));
  EXPECT_EQ(by_worker(), by_hash);
  // The same topics, found when they were exact; by now a pattern takes them.
  for (std::uint64_t i = 0; i < kRoutedTopics; ++i) push(routed(topic(i), i));
  replace({{.topic = "t/+"}});
  EXPECT_EQ(by_worker(), by_hash);
}

TEST_F(RoutedEvents, HaveTheKeysOfTheirTopic) {
  Keys keys;
  const config::DedupConfig dedup{.kind = config::DedupKind::kPayloadId, .offset = 0, .bytes = 8};
  make({{.topic = "a", .dedup = dedup}, {.topic = "b", .dedup = dedup}}, 1, 64,
       {.keys = keys.store()});
  push(routed("a"));
  push(make_event(pool_, "a"));
  push(routed("b"));
  push(routed("a"));
  EXPECT_EQ(stage_->poll(1), 4U);
  EXPECT_EQ(slots().size(), 2U);
  EXPECT_EQ(counters_.duplicate_key.get(), 2U);
  push(routed("b"));
  replace({{.topic = "+", .dedup = dedup}});
  EXPECT_EQ(stage_->poll(2), 1U);
  EXPECT_EQ(counters_.duplicate_key.get(), 3U);
  stage_.reset();  // before the keys
}

// A burst that lies at the end of the input ring and at its beginning is handed over in one poll.
class OverTheEnd : public RoutedEvents {
 protected:
  void hand_over(std::size_t workers) {
    make({{.topic = "a", .spread = route::Spread::kWorker}}, workers, 1024);
    for (std::size_t i = 0; i < ingest_->capacity() - 10; ++i) {
      push(routed("a"));
      ASSERT_EQ(stage_->poll(1), 1U);
    }
    (void)take(0);
    for (std::uint64_t number = 0; number < 30; ++number) push(routed("a", number));
    ASSERT_EQ(stage_->poll(1), 30U);
    std::uint64_t expected = 0;
    for (const event::WorkItem& item : take(0)) EXPECT_EQ(item.event.sequence, expected++);
    EXPECT_EQ(expected, 30U);
    EXPECT_EQ(counters_.bursts.get(), ingest_->capacity() - 10 + 1);
  }
};

TEST_F(OverTheEnd, ToOneWorker) {
  hand_over(1);
}
TEST_F(OverTheEnd, ToOneOfTwoWorkers) {
  hand_over(2);
}

}  // namespace
}  // namespace esc::test
