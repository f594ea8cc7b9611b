// SPDX-License-Identifier: BSD-3-Clause
// MpscRing under every schedule within a context bound, and with its orders weakened one by one.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "ring/mpsc_ring.hpp"
#include "support/explored_bounds.hpp"
#include "support/explorer.hpp"

namespace esc::ring {
namespace {

using namespace esc::explorer;

using Kind = Mutation::Kind;

struct Item {
  std::uint64_t producer;
  std::uint64_t number;
};
using Ring = MpscRing<Item, Atomics>;

constexpr unsigned kProducers = 2;
constexpr unsigned kConsumer = kProducers;

/// What the consumer does wrong, if anything.
enum class Misuse : std::uint8_t { kNone, kReadsAfterRelease };

/// How the consumer reads: with consume_burst(), or in stretches, then release().
enum class Reading : std::uint8_t { kBursts, kStretches };

/// Two producers, each with one burst of kItems that it pushes until all of it is in; a consumer
/// that takes bursts until it has everything; optionally an observer that asks for the size.
template <std::size_t kCapacity, std::size_t kItems, Misuse kMisuse = Misuse::kNone,
          Reading kReading = Reading::kBursts>
class Traffic : public Scenario {
 public:
  void run(unsigned thread) override {
    if (thread < kProducers) {
      produce(thread);
    } else if (thread == kConsumer) {
      consume();
    } else {
      require(ring_.size() <= kCapacity, "size beyond capacity");
    }
  }

  void finish() override {
    require(next_[0] == kItems && next_[1] == kItems, "items are missing");
    require(ring_.size() == 0, "something is left");
    require(producers_[0].contended() + producers_[1].contended() == 0, "a claim was given up");
  }

 private:
  void produce(unsigned self) {
    std::array<Item, kItems> items;
    for (std::size_t i = 0; i < kItems; ++i) items[i] = {self, i};
    std::span<const Item> rest(items);
    while (!rest.empty()) {
      const std::size_t accepted = producers_[self].push_burst(rest);
      require(accepted <= rest.size(), "more accepted than offered");
      if (accepted == 0) yield();
      rest = rest.subspan(accepted);
    }
  }

  void consume() {
    const Item* last = nullptr;
    while (received_ < kProducers * kItems) {
      const auto each = [&](const Item& item) {
        take(item);
        last = &item;
      };
      const std::size_t taken =
          kReading == Reading::kStretches ? walk(each) : ring_.consume_burst(kItems, each);
      if (kMisuse == Misuse::kReadsAfterRelease && last != nullptr) Atomics::will_read(last);
      if (taken == 0) yield();
    }
  }

  template <class Each>
  std::size_t walk(Each&& each) {
    std::size_t taken = 0;
    for (bool ready = true; ready && taken < kItems;) {
      const auto stretch = ring_.stretch(taken);
      const std::size_t here = std::min(kItems - taken, stretch.size());
      std::size_t i = 0;
      for (; i < here && stretch.is_ready(i); ++i) each(stretch.value(i));
      ready = i == here;
      taken += i;
    }
    ring_.release(taken);
    return taken;
  }

  void take(const Item& item) {
    Atomics::will_read(&item);
    require(item.producer < kProducers, "an item nobody sent");
    require(item.number == next_[item.producer], "lost, doubled or out of order");
    ++next_[item.producer];
    ++received_;
  }

  std::array<Ring::Cell, kCapacity> cells_{};
  Ring ring_{cells_};
  std::array<Ring::Producer, kProducers> producers_{Ring::Producer{ring_}, Ring::Producer{ring_}};
  std::array<std::uint64_t, kProducers> next_{};
  std::size_t received_ = 0;
};

template <std::size_t kCapacity, std::size_t kItems, Reading kReading = Reading::kBursts>
void expect_sound(const char* what, const Bounds& bounds, unsigned observers = 0) {
  const Result result = explore(bounds, kProducers + 1 + observers, [] {
    return std::make_unique<Traffic<kCapacity, kItems, Misuse::kNone, kReading>>();
  });
  report(what, bounds, result);
  EXPECT_EQ(result.defect, "");
  EXPECT_GT(result.schedules, 500U);
}

// The context bound is the argument: 4, 3 and 4 preemptions; with stale reads 3, 2 and 2. Beside
// each: schedules explored in a build without sanitizers.
TEST(MpscExplored, Bursts) {
  expect_sound<2, 2>("mpsc_2_cells_2x2_items", interleavings(4));  // 14,156
  expect_sound<2, 3>("mpsc_2_cells_2x3_items", interleavings(3));  // 1,058,082
  expect_sound<4, 3>("mpsc_4_cells_2x3_items", interleavings(4));  // 205,648
}

TEST(MpscExplored, BurstsWithStaleReads) {
  expect_sound<2, 2>("mpsc_2_cells_2x2_items_stale", with_stale_reads(3, 2));  // 64,538
  expect_sound<2, 3>("mpsc_2_cells_2x3_items_stale", with_stale_reads(2, 1));  // 1,166,962
  expect_sound<4, 3>("mpsc_4_cells_2x3_items_stale", with_stale_reads(2, 2));  // 78,060
}

TEST(MpscExplored, ReadInStretches) {
  expect_sound<2, 2, Reading::kStretches>("mpsc_stretch", interleavings(4));
  expect_sound<2, 2, Reading::kStretches>("mpsc_stretch_stale", with_stale_reads(3, 2));
}

TEST(MpscExplored, SizeFromAnotherThread) {
  expect_sound<2, 2>("mpsc_observed", with_stale_reads(2, 1), 1);  // 83,018
}

// The atomics of a Traffic in order of construction: the cells' sequences, tail, consumed.
constexpr std::size_t kCells = 2;
constexpr unsigned kLastSequence = kCells - 1;
constexpr unsigned kTail = kCells;
constexpr unsigned kConsumed = kCells + 1;

template <Misuse kMisuse = Misuse::kNone>
std::string defect_with(const Mutation& mutation) {
  const Bounds bounds = {.preemptions = 2, .steps = 500};
  const Result result = explore(
      bounds, kProducers + 1, [] { return std::make_unique<Traffic<kCells, 2, kMisuse>>(); },
      mutation);
  return result.defect.substr(0, result.defect.find('\n'));
}

TEST(MpscMutants, NoDefectWithoutMutation) {
  EXPECT_EQ(defect_with({}), "");
}

TEST(MpscMutants, PublicationMustRelease) {
  EXPECT_EQ(defect_with({Kind::kRelaxStores, 0, kLastSequence}),
            "race: unordered read of an element");
}

TEST(MpscMutants, ConsumerMustAcquireTheSequence) {
  EXPECT_EQ(defect_with({Kind::kRelaxLoads, 0, kLastSequence}),
            "race: unordered read of an element");
}

TEST(MpscMutants, ConsumedMustBeReleased) {
  EXPECT_EQ(defect_with({Kind::kRelaxStores, kConsumed, kConsumed}),
            "race: unordered write of an element");
}

TEST(MpscMutants, ProducerMustAcquireConsumed) {
  EXPECT_EQ(defect_with({Kind::kRelaxLoads, kConsumed, kConsumed}),
            "race: unordered write of an element");
}

TEST(MpscMutants, ClaimMustBeOneStep) {
  EXPECT_EQ(defect_with({Kind::kSplitExchange, kTail, kTail}),
            "race: unordered write of an element");
}

TEST(MpscMutants, RoomMustNotBeOverrated) {
  EXPECT_EQ(defect_with({Kind::kReadAhead, kConsumed, kConsumed}),
            "race: unordered write of an element");
}

TEST(MpscMutants, UnpublishedCellMustNotBeRead) {
  EXPECT_NE(defect_with({Kind::kReadAhead, 0, kLastSequence}), "");
}

TEST(MpscMutants, CellMustNotBeReadAfterItsRelease) {
  EXPECT_EQ(defect_with<Misuse::kReadsAfterRelease>({}), "race: unordered write of an element");
}

}  // namespace
}  // namespace esc::ring
