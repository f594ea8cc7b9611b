// SPDX-License-Identifier: BSD-3-Clause
// Which events carry their route from the RX stage on.
#include "ingest/rx_fixture.hpp"
#include "support/rules.hpp"

namespace esc::test {
namespace {

const std::string kLongTopic(40, 'l');

class RxRoutes : public RxFixture {
 protected:
  RxRoutes() { rules_ = &published_->published; }

  static std::unique_ptr<const route::Rules> rules_of(const std::vector<route::RouteSpec>& routes) {
    return make_rules(routes, route::TopicHasher(1));
  }
  [[nodiscard]] std::uint32_t generation() const {
    return published_->published.get()->routes.generation();
  }
  /// One event of each topic; what the sink got.
  std::vector<event::Event> receive(const std::vector<std::string>& topics) {
    for (const std::string& topic : topics) give(packet_of(frame(topic, 4)));
    run();
    EXPECT_EQ(sink_.state->events.size(), topics.size());
    return sink_.state->events;
  }
  static void expect_route(const event::Event& event, std::uint32_t index,
                           std::uint32_t generation) {
    ASSERT_TRUE(event.has(event::kRouteFound));
    EXPECT_EQ(event.route.index, index);
    EXPECT_EQ(event.route.generation, generation);
  }
  static void expect_hash(const event::Event& event) {
    ASSERT_FALSE(event.has(event::kRouteFound));
    EXPECT_EQ(event.topic_hash, route::TopicHasher(1)(event::topic(event)));
  }

  std::optional<PublishedRules> published_{
      std::in_place, rules_of({{.topic = "a/+"}, {.topic = "a/b"}, {.topic = kLongTopic}})};
};

TEST_F(RxRoutes, OnlyThoseOfExactTopics) {
  const auto events = receive({"a/b", "a/c", kLongTopic, "nobody", "a/"});
  expect_route(events[0], 1, generation());
  expect_hash(events[1]);
  expect_route(events[2], 2, generation());
  expect_hash(events[3]);
  expect_hash(events[4]);
}

TEST_F(RxRoutes, AlsoOfFramesThatFollowASession) {
  give(packet_of(join({session(7, 1), frame("a/b", 4), frame("a/c", 4), frame("a/b", 0)})));
  run();
  const auto& events = sink_.state->events;
  ASSERT_EQ(events.size(), 3U);
  expect_route(events[0], 1, generation());
  expect_hash(events[1]);
  expect_route(events[2], 1, generation());
}

TEST_F(RxRoutes, ThoseOfTheRulesThatHoldInThatPoll) {
  expect_route(receive({"a/b"})[0], 1, generation());
  release_events();
  const std::uint32_t before = generation();
  published_->published.publish(rules_of({{.topic = "a/b"}}));
  ASSERT_NE(generation(), before);
  expect_route(receive({"a/b"})[0], 0, generation());
  release_events();
  published_->published.publish(rules_of({{.topic = "a/+"}}));
  expect_hash(receive({"a/b"})[0]);
}

// The lcore has stopped and reports no quiescent state, so the rules of its last poll may be gone.
TEST_F(RxRoutes, NotOfFramesThatAreReadWhenItHasStopped) {
  limits_.burst = 2;
  sink_.state->room = 2;
  Bytes frames;
  for (int i = 0; i < 6; ++i) frames = join({frames, frame("a/b", 4)});
  give(packet_of(frames));
  run(5);
  ASSERT_EQ(sink_.state->events.size(), 2U);
  std::vector<bool> routed;
  stage().give_up_all([&](std::size_t /*lane*/, const event::Event& event) {
    routed.push_back(event.has(event::kRouteFound));
    event::free_segment(event.mbuf);
  });
  // Two were staged by then, and two were not read.
  EXPECT_EQ(routed, (std::vector<bool>{true, true, false, false}));
  stage().discard();
}

}  // namespace
}  // namespace esc::test
