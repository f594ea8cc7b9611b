// SPDX-License-Identifier: BSD-3-Clause
// Order where a worker takes events in the middle of a dispatcher's poll: then a full ring has room
// again while events already wait for it.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "dispatch/dispatch_fixture.hpp"

namespace esc::test {
namespace {

/// A ring whose worker takes events whenever the ring is looked at: as if on another lcore, but the
/// same in every run.
class RestlessRing {
 public:
  RestlessRing(std::size_t capacity, unsigned seed) : cells_(capacity), random_(seed) {}

  [[nodiscard]] event::WorkItem* claim() noexcept {
    if (random_() % 4 == 0) take(random_() % 3);
    return claimed_ - taken_ < cells_.size() ? &cells_[claimed_++ % cells_.size()] : nullptr;
  }
  [[nodiscard]] std::span<event::WorkItem> room(std::size_t wanted) noexcept {
    if (random_() % 4 == 0) take(random_() % 3);
    const std::size_t first = claimed_ % cells_.size();
    return std::span(cells_).subspan(
        first, std::min({wanted, cells_.size() - (claimed_ - taken_), cells_.size() - first}));
  }
  void claimed(std::size_t count) noexcept { claimed_ += count; }
  std::size_t publish() noexcept { return claimed_ - std::exchange(published_, claimed_); }
  [[nodiscard]] std::size_t size() const noexcept { return published_ - taken_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return cells_.size(); }

  void take(std::size_t most) noexcept {
    for (; most != 0 && taken_ != published_; --most) {
      got.push_back(cells_[taken_++ % cells_.size()]);
    }
  }

  std::vector<event::WorkItem> got;

 private:
  std::vector<event::WorkItem> cells_;
  std::mt19937 random_;
  std::size_t claimed_ = 0;
  std::size_t published_ = 0;
  std::size_t taken_ = 0;
};

constexpr std::size_t kWorkers = 3;
constexpr std::size_t kTopics = 12;
constexpr std::uint64_t kProducers = 6;

class Order : public DispatchTest {
 protected:
  using Stage = dispatch::DispatchStage<IngestRing, RestlessRing>;

  ~Order() override {
    for (const RestlessRing& ring : restless_) {
      for (const event::WorkItem& item : ring.got) event::free_segment(item.event.mbuf);
    }
  }

  void make(const std::vector<route::RouteSpec>& routes, bool lossless, unsigned seed,
            std::size_t workers = kWorkers) {
    rules_.emplace(make_rules(routes, kHasher));
    Stage::Parts parts{.input = *ingest_,
                       .workers = {},
                       .rules = rules_->published,
                       .cache = rules_->cache(),
                       .flow = flow_,
                       .probe = {nullptr, {}, {}, 0},
                       .counters = counters_,
                       .pools = pools_,
                       .hold_limits = {},
                       .lossless = lossless,
                       .burst = 32};
    holds_.assign(workers, std::vector<dispatch::HeldItem>(8));
    for (unsigned i = 0; i < workers; ++i) restless_.emplace_back(4, seed * kWorkers + i);
    for (unsigned i = 0; i < workers; ++i) parts.workers.push_back({&restless_[i], holds_[i]});
    restless_stage_.emplace(parts);
  }

  /// `numbered` and `routed`: whether the event has a number of its producer, and brings its route
  /// along. `number` rises in any case.
  void give(std::string_view topic, std::uint64_t producer, std::uint64_t number, bool numbered,
            bool routed) {
    event::Event event = make_event(pool_, topic, number);
    event.producer = producer;
    if (numbered) event.flags |= event::kSequenced;
    if (routed) {
      const route::RouteSet& routes = rules_->published.get()->routes;
      event.route = {.index = routes.find_exact(event.topic_hash, event::topic(event)),
                     .generation = routes.generation()};
      event.flags |= event::kRouteFound;
    }
    ASSERT_EQ(producer_.push_burst({&event, 1}), 1U);
  }

  /// Checks that the events of each topic (with by_producer: of each producer) came to one worker,
  /// with rising numbers.
  void expect_order(bool by_producer) const {
    std::map<std::uint64_t, std::pair<std::size_t, std::uint64_t>> last;
    for (std::size_t worker = 0; worker < restless_.size(); ++worker) {
      for (const event::WorkItem& item : restless_[worker].got) {
        const std::uint64_t whose = by_producer ? item.event.producer : item.slot;
        const auto [found, first] = last.try_emplace(whose, worker, item.event.sequence);
        if (first) continue;
        EXPECT_EQ(found->second.first, worker) << whose;
        EXPECT_LT(found->second.second, item.event.sequence) << whose;
        found->second.second = item.event.sequence;
      }
    }
  }

  /// Sends `count` events; all that are not dropped are delivered. `mixed`: some have no number,
  /// and some bring their route along, in runs of random length.
  void play(const std::vector<route::RouteSpec>& routes, std::size_t count, bool mixed) {
    bool numbered = true;
    bool routed = false;
    std::mt19937 random(5);
    std::uint64_t most_held = 0;
    std::size_t got = 0;
    for (std::uint64_t number = 1; number <= count;) {
      for (std::size_t i = random() % 24; i != 0 && number <= count; --i) {
        if (ingest_->size() == 100) break;
        if (mixed && random() % 8 == 0) {
          numbered = random() % 3 == 0;
          routed = random() % 4 != 0;
        }
        give(routes[random() % routes.size()].topic, 1 + random() % kProducers, number++, numbered,
             routed);
      }
      (void)restless_stage_->poll(1);
      most_held = std::max(most_held, counters_.events_held.get());
      expect_balanced();
    }
    const auto left = [this] { return ingest_->size() + counters_.events_held.get(); };
    for (int round = 0; left() != 0 && round < 10'000; ++round) (void)restless_stage_->poll(1);
    for (RestlessRing& ring : restless_) {
      ring.take(SIZE_MAX);
      got += ring.got.size();
    }
    EXPECT_EQ(got + dropped(FrameDrop::kWorkerFull), count);
    EXPECT_GE(most_held, 8U);
  }

  static std::vector<route::RouteSpec> routes(config::Spread spread) {
    std::vector<route::RouteSpec> specs;
    for (std::size_t i = 0; i < kTopics; ++i) {
      specs.push_back({.topic = "t" + std::to_string(i), .spread = spread});
    }
    return specs;
  }

  std::deque<RestlessRing> restless_;
  std::optional<Stage> restless_stage_;
};

// Small enough that the pool holds all of them.
constexpr std::size_t kEvents = 900;

TEST_F(Order, OfTopicsIsKept) {
  const auto specs = routes(config::Spread::kByTopic);
  make(specs, true, 1);
  play(specs, kEvents, true);
  EXPECT_EQ(dropped(FrameDrop::kWorkerFull), 0U);
  EXPECT_GT(counters_.polls_blocked.get(), 0U);
  expect_order(false);
}

TEST_F(Order, OfProducersIsKept) {
  const auto specs = routes(config::Spread::kByProducer);
  make(specs, true, 2);
  play(specs, kEvents, false);  // an event without a number goes by its topic
  EXPECT_EQ(dropped(FrameDrop::kWorkerFull), 0U);
  expect_order(true);
}

// A single worker is given events in runs.
TEST_F(Order, IsKeptByASingleWorker) {
  const auto specs = routes(config::Spread::kByTopic);
  make(specs, true, 4, 1);
  play(specs, kEvents, true);
  EXPECT_EQ(dropped(FrameDrop::kWorkerFull), 0U);
  EXPECT_GT(counters_.polls_blocked.get(), 0U);
  expect_order(false);
  expect_order(true);
}

TEST_F(Order, IsKeptWhereSomeAreDropped) {
  const auto specs = routes(config::Spread::kByTopic);
  make(specs, false, 3);
  play(specs, kEvents, true);
  EXPECT_GT(dropped(FrameDrop::kWorkerFull), 0U);
  expect_order(false);
}

}  // namespace
}  // namespace esc::test
