// SPDX-License-Identifier: BSD-3-Clause
// Errands on a thread beside their owner. The test sets the clock.
#include "runtime/errands.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace esc::runtime {
namespace {

using namespace std::chrono_literals;
using Clock = Errands::Clock;

constexpr auto kPatience = 10s;

class ErrandsTest : public ::testing::Test {
 protected:
  void wait_and_turn() {
    pollfd done{errands_.poll_fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&done, 1, 60'000), 1);
    errands_.turn(Clock::now());
  }
  /// An errand that ends when `gate` opens.
  bool begin(const std::string& what, std::shared_future<void> gate) {
    return errands_.begin(
        what,
        [this, what, gate] {
          gate.wait();
          worked_on_ = std::this_thread::get_id();
          return [this, what] { said_.push_back(what + " done"); };
        },
        [this, what](const std::string& why) { said_.push_back(what + ": " + why); });
  }

  std::vector<std::string> said_;
  std::thread::id worked_on_;
  Errands errands_{kPatience};
};

TEST_F(ErrandsTest, AreDoneBesideAndFinishedByTheOwner) {
  std::promise<void> gate;
  ASSERT_TRUE(begin("one", gate.get_future().share()));
  EXPECT_EQ(errands_.under_way(), "one");
  errands_.turn(Clock::now());
  EXPECT_TRUE(said_.empty());
  gate.set_value();
  wait_and_turn();
  EXPECT_EQ(said_, std::vector<std::string>{"one done"});
  EXPECT_NE(worked_on_, std::this_thread::get_id());
  EXPECT_EQ(errands_.under_way(), "");
  pollfd done{errands_.poll_fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&done, 1, 0), 0) << "poll_fd() never rests";
}

TEST_F(ErrandsTest, WaitForOneAnotherUpToABound) {
  std::promise<void> gate;
  const auto open = gate.get_future().share();
  std::vector<std::string> expected;
  for (std::size_t i = 0; i <= Errands::kMaxWaiting; ++i) {
    ASSERT_TRUE(begin(std::to_string(i), open));
    expected.push_back(std::to_string(i) + " done");
  }
  EXPECT_FALSE(begin("one too many", open));
  gate.set_value();
  EXPECT_TRUE(errands_.finish_within(60s));
  EXPECT_EQ(said_, expected);
}

TEST_F(ErrandsTest, ThatThrowAreSaidToHave) {
  ASSERT_TRUE(errands_.begin(
      "bad", []() -> Errands::Finish { throw std::runtime_error("no such thing"); },
      [this](const std::string& why) { said_.push_back(why); }));
  wait_and_turn();
  EXPECT_EQ(said_, std::vector<std::string>{"no such thing"});
}

TEST_F(ErrandsTest, ThatTakeTooLongAreGivenUpAndTheirOutcomeThrownAway) {
  std::promise<void> gate;
  const auto open = gate.get_future().share();
  ASSERT_TRUE(begin("slow", open));
  ASSERT_TRUE(begin("next", open));
  const auto now = Clock::now();
  errands_.turn(now + kPatience - 1s);
  EXPECT_TRUE(said_.empty());
  errands_.turn(now + kPatience + 1s);
  EXPECT_EQ(said_, (std::vector<std::string>{
                       "slow: it is not done within 10000 ms",
                       "next: what was asked for before it is not done yet (slow)"}));
  EXPECT_TRUE(errands_.given_up());
  EXPECT_FALSE(begin("another", open));
  errands_.turn(now + 2 * kPatience);
  EXPECT_EQ(said_.size(), 2U) << "said once";
  gate.set_value();
  wait_and_turn();
  EXPECT_EQ(said_.size(), 2U) << "too late";
  EXPECT_FALSE(errands_.given_up());
  EXPECT_TRUE(begin("again", open));
  EXPECT_TRUE(errands_.finish_within(60s));
  EXPECT_EQ(said_.back(), "again done");
}

TEST_F(ErrandsTest, ThatNeverComeBackDoNotHoldUpTheEnd) {
  auto gate = std::make_shared<std::promise<void>>();
  auto left = std::make_shared<std::promise<void>>();
  auto begun = std::make_shared<std::promise<void>>();
  auto seen = left->get_future();
  {
    Errands errands(kPatience);
    ASSERT_TRUE(errands.begin(
        "hangs",
        [open = gate->get_future().share(), left, begun]() -> Errands::Finish {
          begun->set_value();
          open.wait();
          left->set_value();
          return [] {};
        },
        [this](const std::string& why) { said_.push_back(why); }));
    begun->get_future().wait();
    EXPECT_FALSE(errands.finish_within(0ms));
    EXPECT_EQ(said_.size(), 1U);
  }
  gate->set_value();
  seen.wait();  // its thread still ran, with everything that it needs
}

}  // namespace
}  // namespace esc::runtime
