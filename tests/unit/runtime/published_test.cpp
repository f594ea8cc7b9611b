// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/published.hpp"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "runtime/lcore_loop.hpp"

namespace esc::runtime {
namespace {

/// Says when it is gone.
struct Marked {
  Marked(int number, std::vector<int>& log) : value(number), gone(&log) {}
  ~Marked() { gone->push_back(value); }
  Marked(const Marked&) = delete;
  Marked& operator=(const Marked&) = delete;
  int value;
  std::vector<int>* gone;
};

class PublishedTest : public testing::Test {
 protected:
  void publish(int number) { published_.publish(std::make_unique<const Marked>(number, gone_)); }

  std::vector<int> gone_;
  Quiescence quiescence_{2};
  QuiescentReader first_{quiescence_, 0};
  QuiescentReader second_{quiescence_, 1};
  Published<Marked> published_{quiescence_, std::make_unique<const Marked>(0, gone_)};
};

TEST_F(PublishedTest, WithNobodyOnlineTheOldOneGoesAtOnce) {
  publish(1);
  EXPECT_EQ(published_.get()->value, 1);
  EXPECT_TRUE(published_.reclaim());
  EXPECT_EQ(gone_, std::vector<int>{0});
}

TEST_F(PublishedTest, TheOldOneStaysUntilEveryReaderHasBeenQuiescent) {
  first_.online();
  second_.online();
  publish(1);
  EXPECT_FALSE(published_.reclaim());
  EXPECT_EQ(published_.awaited(), (std::vector<std::size_t>{0, 1}));
  first_.quiescent();
  EXPECT_FALSE(published_.reclaim());
  EXPECT_EQ(published_.awaited(), std::vector<std::size_t>{1});
  second_.offline();
  EXPECT_TRUE(published_.reclaim());
  EXPECT_EQ(gone_, std::vector<int>{0});
  EXPECT_TRUE(published_.awaited().empty());
}

TEST_F(PublishedTest, AReaderThatCameOnlineLaterIsNotWaitedFor) {
  first_.online();
  publish(1);
  second_.online();
  first_.quiescent();
  EXPECT_TRUE(published_.reclaim());
}

TEST_F(PublishedTest, AReaderThatNeverComesRoundIsNamedAndTheListIsBounded) {
  first_.online();
  for (int i = 1; i <= 4; ++i) {
    EXPECT_TRUE(published_.has_room());
    publish(i);
  }
  EXPECT_FALSE(published_.has_room());
  EXPECT_EQ(published_.retired(), Published<Marked>::kMostRetired);
  EXPECT_EQ(published_.awaited(), std::vector<std::size_t>{0});
  EXPECT_TRUE(gone_.empty());
  first_.quiescent();
  EXPECT_TRUE(published_.has_room());
  EXPECT_EQ(gone_, (std::vector<int>{0, 1, 2, 3}));
}

TEST_F(PublishedTest, TheListGoesRound) {
  first_.online();
  for (int i = 1; i <= 11; ++i) {
    publish(i);
    if (i % 3 == 0) first_.quiescent();
    EXPECT_EQ(published_.reclaim(), i % 3 == 0);
    EXPECT_EQ(published_.get()->value, i);
  }
  EXPECT_EQ(gone_, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8}));
}

/// Looks at what is published, as a stage does once a poll.
struct Reader {
  const Published<std::vector<std::uint64_t>>* published;
  std::atomic<bool>* torn;
  std::size_t poll(std::uint64_t) noexcept {
    const auto& all = *published->get();
    for (const std::uint64_t value : all) {
      if (value != all.front()) torn->store(true);
    }
    return 1;
  }
  void housekeep(std::uint64_t) noexcept {}
  [[nodiscard]] static bool blocked() noexcept { return false; }
};

// Sanitizers find a value that is freed too early.
TEST(PublishedThreaded, LcoresReadWhileItIsReplaced) {
  Quiescence quiescence(2);
  Published<std::vector<std::uint64_t>> published(
      quiescence, std::make_unique<const std::vector<std::uint64_t>>(100, 0));
  std::atomic<bool> stop{false};
  std::atomic<bool> torn{false};
  std::array<LcoreStatus, 2> status;
  std::vector<std::thread> lcores;
  for (std::size_t i = 0; i < 2; ++i) {
    lcores.emplace_back([&, i] {
      Reader reader{&published, &torn};
      run_lcore(StageLists<Reader>{{&reader}},
                {.adaptive = false, .tsc_hz = 1'000'000'000, .sleep_max_us = 10}, stop, status[i],
                QuiescentReader(quiescence, i));
    });
  }
  std::uint64_t replaced = 0;
  while (replaced < 2000) {
    if (!published.has_room()) {
      std::this_thread::yield();
      continue;
    }
    published.publish(std::make_unique<const std::vector<std::uint64_t>>(100, ++replaced));
  }
  stop = true;
  for (std::thread& lcore : lcores) lcore.join();
  EXPECT_FALSE(torn);
  EXPECT_TRUE(published.reclaim());
}

}  // namespace
}  // namespace esc::runtime
