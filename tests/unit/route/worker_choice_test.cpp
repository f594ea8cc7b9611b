// SPDX-License-Identifier: BSD-3-Clause
#include "route/worker_choice.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace esc::route {
namespace {

RouteSet::Target target(Spread spread, std::uint16_t worker = 0) {
  return {.handler = 0, .worker = worker, .spread = spread, .on_full = OnFull::kHold};
}

event::Event unsequenced(std::uint64_t hash) {
  event::Event event{};
  event.topic_hash = hash;
  return event;
}

event::Event sequenced(std::uint64_t producer, std::uint64_t hash) {
  event::Event event = unsequenced(hash);
  event.flags = event::kSequenced;
  event.producer = producer;
  return event;
}

std::uint32_t choose(WorkerChoice& choice, const RouteSet::Target& target,
                     const event::Event& event) {
  return choice.choose(target, event, event.topic_hash);
}

TEST(WorkerChoice, OneWorkerGetsEverything) {
  WorkerChoice choice(1);
  for (const Spread spread :
       {Spread::kRoundRobin, Spread::kByTopic, Spread::kByProducer, Spread::kWorker}) {
    EXPECT_EQ(choose(choice, target(spread), sequenced(UINT64_MAX, UINT64_MAX)), 0U);
  }
}

TEST(WorkerChoice, RoundRobinTakesTurnsOverAllRoutes) {
  WorkerChoice choice(3);
  std::vector<std::uint32_t> got;
  for (int i = 0; i < 7; ++i)
    got.push_back(choose(choice, target(Spread::kRoundRobin), unsequenced(0)));
  EXPECT_EQ(got, (std::vector<std::uint32_t>{1, 2, 0, 1, 2, 0, 1}));
}

TEST(WorkerChoice, OtherSpreadsDoNotDisturbTheTurns) {
  WorkerChoice choice(2);
  EXPECT_EQ(choose(choice, target(Spread::kRoundRobin), unsequenced(0)), 1U);
  (void)choose(choice, target(Spread::kByTopic), unsequenced(UINT64_MAX));
  (void)choose(choice, target(Spread::kWorker, 1), unsequenced(0));
  EXPECT_EQ(choose(choice, target(Spread::kRoundRobin), unsequenced(0)), 0U);
}

TEST(WorkerChoice, ANamedWorkerIsTaken) {
  WorkerChoice choice(4);
  for (std::uint16_t worker = 0; worker < 4; ++worker) {
    EXPECT_EQ(choose(choice, target(Spread::kWorker, worker), unsequenced(UINT64_MAX)), worker);
  }
}

TEST(WorkerChoice, ByTopicIsStableAndInBounds) {
  for (const std::uint32_t workers : {2U, 3U, 63U}) {
    WorkerChoice choice(workers);
    EXPECT_EQ(choose(choice, target(Spread::kByTopic), unsequenced(0)), 0U);
    EXPECT_EQ(choose(choice, target(Spread::kByTopic), unsequenced(UINT64_MAX)), workers - 1);
    std::uint64_t hash = 1;
    for (int i = 0; i < 1000; ++i) {
      hash = hash * 6364136223846793005U + 1442695040888963407U;
      const std::uint32_t first = choose(choice, target(Spread::kByTopic), unsequenced(hash));
      ASSERT_LT(first, workers);
      // The worker is the same every time, whatever else the event has.
      ASSERT_EQ(choose(choice, target(Spread::kByTopic), sequenced(hash, hash)), first);
    }
  }
}

TEST(WorkerChoice, ByTopicUsesTheBitsThatTheTableDoesNot) {
  WorkerChoice choice(4);
  for (std::uint64_t low = 0; low < 1000; ++low) {
    EXPECT_EQ(choose(choice, target(Spread::kByTopic), unsequenced(0x8000'0000'0000'0000U | low)),
              2U);
  }
}

TEST(WorkerChoice, ByProducerKeepsAProducerTogetherWhateverTheTopic) {
  WorkerChoice choice(3);
  for (std::uint64_t producer = 0; producer < 100; ++producer) {
    const std::uint32_t first = choose(choice, target(Spread::kByProducer), sequenced(producer, 0));
    for (std::uint64_t hash = 1; hash < 20; ++hash) {
      ASSERT_EQ(choose(choice, target(Spread::kByProducer), sequenced(producer, hash << 60)),
                first);
    }
  }
}

TEST(WorkerChoice, ByProducerSpreadsProducersThatAreNumberedOneTwoThree) {
  WorkerChoice choice(4);
  std::vector<int> got(4);
  for (std::uint64_t producer = 1; producer <= 400; ++producer) {
    ++got[choose(choice, target(Spread::kByProducer), sequenced(producer, 0))];
  }
  for (const int count : got) {
    EXPECT_GE(count, 90);
    EXPECT_LE(count, 110);
  }
}

// A reload puts another set in the place of the first: with as many workers as before, a topic that
// stays by-topic and a producer that stays by-producer keep their worker, and so their order.
TEST(WorkerChoice, AReloadMovesNoTopicAndNoProducer) {
  const TopicHasher hasher(77);
  const std::vector<RouteSpec> before = {{.topic = "plant/+", .spread = Spread::kByTopic},
                                         {.topic = "line/#", .spread = Spread::kByProducer},
                                         {.topic = "other"}};
  const std::vector<RouteSpec> after = {{.topic = "new/#"},
                                        {.topic = "line/#", .spread = Spread::kByProducer},
                                        {.topic = "plant/7", .spread = Spread::kByTopic},
                                        {.topic = "plant/+", .handler = 2}};
  const RouteSet old_set(before, hasher);
  const RouteSet new_set(after, hasher);
  for (const std::uint32_t workers : {2U, 3U, 7U}) {
    WorkerChoice choice(workers);
    WorkerChoice fresh(workers);
    for (std::uint64_t i = 0; i < 200; ++i) {
      for (const std::string& topic : {"plant/" + std::to_string(i), "line/" + std::to_string(i)}) {
        const std::span<const std::uint8_t> text(
            reinterpret_cast<const std::uint8_t*>(topic.data()), topic.size());
        const event::Event one = sequenced(i * 13, hasher(text));
        const std::uint32_t chosen =
            choose(choice, old_set.target(old_set.find(one.topic_hash, text)), one);
        const RouteSet::Target& now = new_set.target(new_set.find(one.topic_hash, text));
        ASSERT_EQ(choose(choice, now, one), chosen) << topic;
        ASSERT_EQ(choose(fresh, now, one), chosen) << topic;
      }
    }
  }
}

TEST(WorkerChoice, ByProducerWithoutAProducerGoesByTopic) {
  WorkerChoice choice(5);
  for (std::uint64_t hash = 0; hash < 50; ++hash) {
    event::Event event = unsequenced(hash * 0x0555'5555'5555'5555U);
    event.producer = 77;  // means nothing without the flag
    EXPECT_EQ(choose(choice, target(Spread::kByProducer), event),
              choose(choice, target(Spread::kByTopic), event));
  }
}

}  // namespace
}  // namespace esc::route
