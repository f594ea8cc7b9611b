// SPDX-License-Identifier: BSD-3-Clause
// Positions: against a model, and while several threads settle.
#include "identity/settled_numbers.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <thread>
#include <vector>

namespace esc::identity {
namespace {

struct Owned {
  explicit Owned(std::size_t words) : open(words), gaps(words), numbers(entry, open, gaps) {}
  SettledEntry entry;
  std::vector<SettledNumbers::Word> open;
  std::vector<std::uint64_t> gaps;
  SettledNumbers numbers;
};

TEST(SettledNumbers, APositionIsTheLowestNumberThatIsNotSettled) {
  Owned owned(2);
  SettledNumbers& numbers = owned.numbers;
  numbers.restart(100);
  EXPECT_TRUE(numbers.position().known);
  EXPECT_EQ(numbers.position().next, 100U);
  numbers.came(100, 10);
  EXPECT_EQ(numbers.position().next, 100U);
  numbers.settle(103, 7, false);
  EXPECT_EQ(numbers.position().next, 100U);
  numbers.settle(100, 2, true);
  EXPECT_EQ(numbers.position().next, 102U);
  EXPECT_EQ(numbers.position().rejected, 2U);
  EXPECT_EQ(numbers.in_flight(), 1U);
  // Twice is once.
  numbers.settle(100, 2, true);
  EXPECT_EQ(numbers.position().rejected, 2U);
  EXPECT_EQ(numbers.in_flight(), 1U);
  numbers.ended(110, 3, true);
  EXPECT_EQ(numbers.position().next, 102U);
  numbers.settle(102, 1, false);
  EXPECT_EQ(numbers.position().next, 113U);
  EXPECT_EQ(numbers.position().rejected, 5U);
  EXPECT_EQ(numbers.in_flight(), 0U);
}

TEST(SettledNumbers, ANumberThatNeverCameIsSettledWhenItLeavesTheWindow) {
  Owned owned(1);
  SettledNumbers& numbers = owned.numbers;
  numbers.restart(0);
  numbers.came(0, 5);
  numbers.settle(0, 5, false);
  numbers.came(6, 1);  // 5 was passed over
  numbers.settle(6, 1, false);
  EXPECT_EQ(numbers.position().next, 5U);
  numbers.came(7, 62);
  numbers.settle(7, 62, false);
  EXPECT_EQ(numbers.position().next, 5U);  // 5 to 68 are the window
  numbers.came(69, 1);
  EXPECT_EQ(numbers.position().next, 69U);
  // One that comes late is in flight like any other.
  numbers.settle(69, 1, false);
  numbers.came(72, 1);
  numbers.settle(72, 1, false);
  EXPECT_EQ(numbers.position().next, 70U);
  numbers.came(70, 1);
  EXPECT_EQ(numbers.position().next, 70U);
  numbers.settle(70, 1, false);
  EXPECT_EQ(numbers.position().next, 71U);
  // All of a window at once.
  numbers.came(1'000, 2);
  numbers.settle(1'000, 2, false);
  EXPECT_TRUE(numbers.position().known);
  EXPECT_EQ(numbers.position().next, 1'002U - 64U);
}

TEST(SettledNumbers, ANumberInFlightThatLeavesTheWindowEndsAllPositions) {
  Owned owned(1);
  SettledNumbers& numbers = owned.numbers;
  numbers.restart(0);
  numbers.came(0, 2);
  numbers.settle(0, 1, false);
  numbers.came(2, 63);
  EXPECT_TRUE(numbers.position().known);  // 1 to 64
  EXPECT_EQ(numbers.position().next, 1U);
  numbers.came(65, 1);
  EXPECT_FALSE(numbers.position().known);
  numbers.settle(2, 64, false);
  EXPECT_FALSE(numbers.position().known);
  numbers.restart(66);
  EXPECT_TRUE(numbers.position().known);
  EXPECT_EQ(numbers.position().next, 66U);
}

// What came, was passed over and was settled, in sets.
class Model {
 public:
  Model(std::uint64_t first, std::uint64_t width) : first_(first), top_(first), width_(width) {}

  void take_in(std::uint64_t number) {
    for (std::uint64_t n = top_; n < number; ++n) open_.insert(n);
    first_ = std::min(first_, number);
    top_ = std::max(top_, number + 1);
    open_.erase(open_.begin(), open_.lower_bound(lowest()));
  }
  void came(std::uint64_t number) {
    take_in(number);
    open_.insert(number);
  }
  void ended(std::uint64_t number) {
    take_in(number);
    open_.erase(number);
  }
  void settle(std::uint64_t number) { open_.erase(number); }
  [[nodiscard]] std::uint64_t next() const {
    const auto found = open_.lower_bound(std::max(first_, lowest()));
    return found == open_.end() ? top_ : *found;
  }
  [[nodiscard]] std::uint64_t top() const { return top_; }

 private:
  [[nodiscard]] std::uint64_t lowest() const { return top_ > width_ ? top_ - width_ : 0; }

  std::set<std::uint64_t> open_;
  std::uint64_t first_;
  std::uint64_t top_;
  std::uint64_t width_;
};

// Numbers in order, in runs, passed over, late, ended at once and settled in any order; never so
// many in flight that one leaves the window.
TEST(SettledNumbers, SayWhatAModelOfSetsSays) {
  for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{77}, UINT64_MAX / 2}) {
    std::mt19937_64 random(first + 1);
    Owned owned(4);
    SettledNumbers& numbers = owned.numbers;
    numbers.restart(first);
    Model model(first, numbers.width());
    std::map<std::uint64_t, bool> seen;  // number -> in flight
    std::vector<std::uint64_t> in_flight;
    std::vector<std::uint64_t> passed_over;
    for (int step = 0; step < 30'000; ++step) {
      const std::uint64_t oldest =
          in_flight.empty() ? model.top() : *std::min_element(in_flight.begin(), in_flight.end());
      const std::uint64_t count = 1 + random() % 40;
      const std::uint64_t skipped = random() % 8 == 0 ? random() % 30 : 0;
      const std::uint64_t from = model.top() + skipped;
      if (random() % 2 == 0 && from + count - oldest <= numbers.width()) {
        for (std::uint64_t n = model.top(); n < from; ++n) passed_over.push_back(n);
        const bool ends = random() % 5 == 0;
        ends ? numbers.ended(from, count, false) : numbers.came(from, count);
        for (std::uint64_t n = from; n < from + count; ++n) {
          ends ? model.ended(n) : model.came(n);
          if (!ends) in_flight.push_back(n);
        }
      } else if (random() % 8 == 0 && !passed_over.empty()) {
        const std::size_t at = random() % passed_over.size();
        const std::uint64_t late = passed_over[at];
        passed_over.erase(passed_over.begin() + static_cast<std::ptrdiff_t>(at));
        if (late + numbers.width() < model.top() + 1) continue;  // stale
        numbers.came(late, 1);
        model.came(late);
        in_flight.push_back(late);
      } else if (!in_flight.empty()) {
        const std::size_t at = random() % std::min<std::size_t>(in_flight.size(), 50);
        numbers.settle(in_flight[at], 1, false);
        model.settle(in_flight[at]);
        in_flight.erase(in_flight.begin() + static_cast<std::ptrdiff_t>(at));
      }
      ASSERT_TRUE(numbers.position().known);
      ASSERT_EQ(numbers.position().next, model.next()) << "step " << step;
      ASSERT_EQ(numbers.in_flight(), in_flight.size());
    }
  }
}

// One thread takes numbers in, two settle them, one reads: no position is past a number that is
// still to be settled, and none goes back.
TEST(SettledNumbersThreaded, NoPositionIsPastAnOpenNumber) {
  constexpr std::uint64_t kNumbers = 200'000;
  constexpr std::uint64_t kRun = 16;
  Owned owned(64);
  owned.numbers.restart(0);
  std::vector<std::atomic<std::uint8_t>> settled(kNumbers);
  std::atomic<std::uint64_t> given{0};
  std::atomic<bool> done{false};
  const auto settler = [&](std::uint64_t own) {
    for (std::uint64_t run = own; run < kNumbers / kRun; run += 2) {
      while (given.load(std::memory_order_acquire) < (run + 1) * kRun) std::this_thread::yield();
      for (std::uint64_t n = run * kRun; n < (run + 1) * kRun; ++n) settled[n].store(1);
      owned.numbers.settle(run * kRun, kRun, false);
    }
  };
  std::thread first(settler, 0);
  std::thread second(settler, 1);
  std::thread reader([&] {
    std::uint64_t last = 0;
    while (!done.load()) {
      const SettledPosition position = owned.numbers.position();
      if (!position.known) continue;
      ASSERT_GE(position.next, last);
      for (; last < position.next; ++last) ASSERT_EQ(settled[last].load(), 1) << last;
    }
  });
  for (std::uint64_t n = 0; n < kNumbers; n += kRun) {
    while (owned.numbers.in_flight() + kRun > owned.numbers.width() / 2 ||
           n + kRun - owned.numbers.position().next > owned.numbers.width() / 2) {
      std::this_thread::yield();
    }
    owned.numbers.came(n, kRun);
    given.store(n + kRun, std::memory_order_release);
  }
  first.join();
  second.join();
  EXPECT_EQ(owned.numbers.position().next, kNumbers);
  EXPECT_EQ(owned.numbers.in_flight(), 0U);
  done.store(true);
  reader.join();
}

}  // namespace
}  // namespace esc::identity
