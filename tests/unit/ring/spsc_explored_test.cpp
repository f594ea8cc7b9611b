// SPDX-License-Identifier: BSD-3-Clause
// SpscRing under every schedule within a context bound, and with its orders weakened one by one.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "ring/spsc_ring.hpp"
#include "support/explored_bounds.hpp"
#include "support/explorer.hpp"

namespace esc::ring {
namespace {

using namespace esc::explorer;

using Kind = Mutation::Kind;
using Ring = SpscRing<std::uint64_t, Atomics>;

enum class Misuse : std::uint8_t { kNone, kReadsAfterRelease, kWritesAfterPublish };

/// kCopied: push_burst and consume_burst. kInPlace: claim and publish, and consume_run. kPartly:
/// room, of which only the first slot is claimed, and consume_run.
enum class Style : std::uint8_t { kCopied, kInPlace, kPartly };

/// One producer that pushes one burst of kItems until all of it is in, one consumer that takes it
/// in bursts of kBurst, and optionally an observer that asks for the size.
template <std::size_t kCapacity, std::size_t kItems, std::size_t kBurst = 2,
          Misuse kMisuse = Misuse::kNone, Style kStyle = Style::kCopied>
class Traffic : public Scenario {
 public:
  void run(unsigned thread) override {
    if (thread == 0) {
      produce();
    } else if (thread == 1) {
      consume();
    } else {
      require(ring_.size() <= kCapacity, "size beyond capacity");
    }
  }

  void finish() override {
    require(received_ == kItems, "items are missing");
    require(ring_.size() == 0, "something is left");
  }

 private:
  void produce() {
    std::array<std::uint64_t, kItems> items;
    for (std::size_t i = 0; i < kItems; ++i) items[i] = i;
    std::span<const std::uint64_t> rest(items);
    while (!rest.empty()) {
      const std::size_t accepted = kStyle == Style::kInPlace  ? write_in_place(rest)
                                   : kStyle == Style::kPartly ? write_first(rest)
                                                              : ring_.push_burst(rest);
      if (accepted == 0) yield();
      rest = rest.subspan(accepted);
    }
  }

  std::size_t write_in_place(std::span<const std::uint64_t> items) {
    std::uint64_t* last = nullptr;
    for (const std::uint64_t item : items) {
      std::uint64_t* slot = ring_.claim();
      if (slot == nullptr) break;
      *slot = item;
      last = slot;
    }
    const std::size_t published = ring_.publish();
    if (kMisuse == Misuse::kWritesAfterPublish && last != nullptr) Atomics::will_write(last);
    return published;
  }

  std::size_t write_first(std::span<const std::uint64_t> items) {
    const std::span<std::uint64_t> slots = ring_.room(items.size());
    if (!slots.empty()) {
      slots.front() = items.front();
      ring_.claimed(1);
    }
    return ring_.publish();
  }

  void consume() {
    const std::uint64_t* last = nullptr;
    const auto take = [&](const std::uint64_t& item) {
      require(item == received_, "lost, doubled or out of order");
      ++received_;
      last = &item;
    };
    while (received_ < kItems) {
      std::size_t taken = 0;
      if constexpr (kStyle != Style::kCopied) {
        taken = ring_.consume_run(kBurst, [&](std::span<const std::uint64_t> run) {
          for (const std::uint64_t& item : run) take(item);
        });
      } else {
        taken = ring_.consume_burst(kBurst, take);
      }
      if (kMisuse == Misuse::kReadsAfterRelease && last != nullptr) Atomics::will_read(last);
      if (taken == 0) yield();
    }
  }

  alignas(kCacheLineBytes) std::array<std::uint64_t, kCapacity> slots_{};
  Ring ring_{slots_};
  std::uint64_t received_ = 0;
};

template <std::size_t kCapacity, std::size_t kItems, Style kStyle = Style::kCopied>
void expect_sound(const char* what, const Bounds& bounds, unsigned observers = 0) {
  const Result result = explore(bounds, 2 + observers, [] {
    return std::make_unique<Traffic<kCapacity, kItems, 2, Misuse::kNone, kStyle>>();
  });
  report(what, bounds, result);
  EXPECT_EQ(result.defect, "");
  EXPECT_GT(result.schedules, 100U);
}

// The context bound is the argument: 6 preemptions; with stale reads 4. Beside each: schedules
// explored in a build without sanitizers.
TEST(SpscExplored, Bursts) {
  expect_sound<2, 5>("spsc_2_slots_5_items", interleavings(6));  // 13,084
  expect_sound<4, 7>("spsc_4_slots_7_items", interleavings(6));  // 14,698
}

TEST(SpscExplored, BurstsWithStaleReads) {
  expect_sound<2, 5>("spsc_2_slots_5_items_stale", with_stale_reads(4, 3));  // 103,572
  expect_sound<4, 7>("spsc_4_slots_7_items_stale", with_stale_reads(4, 3));  // 91,724
}

TEST(SpscExplored, InPlace) {
  expect_sound<2, 5, Style::kInPlace>("spsc_in_place_2_slots_5_items", interleavings(6));  // 10,452
  expect_sound<4, 7, Style::kInPlace>("spsc_in_place_4_slots_7_items", interleavings(6));  // 12,008
}

TEST(SpscExplored, InPlaceWithStaleReads) {
  expect_sound<2, 5, Style::kInPlace>("spsc_in_place_2_slots_5_items_stale",
                                      with_stale_reads(4, 3));  // 88,089
}

TEST(SpscExplored, PartOfTheRoom) {
  expect_sound<2, 5, Style::kPartly>("spsc_partly_2_slots_5_items", interleavings(5));
  expect_sound<2, 5, Style::kPartly>("spsc_partly_2_slots_5_items_stale", with_stale_reads(3, 2));
}

TEST(SpscExplored, SizeFromAnotherThread) {
  expect_sound<2, 4>("spsc_observed", with_stale_reads(3, 2), 1);  // 52,553
}

// The atomics in order of construction.
constexpr unsigned kTail = 0;
constexpr unsigned kHead = 1;

template <Misuse kMisuse = Misuse::kNone, Style kStyle = Style::kCopied>
std::string defect_with(const Mutation& mutation) {
  const Bounds bounds = {.preemptions = 2, .steps = 500};
  const Result result = explore(
      bounds, 2, [] { return std::make_unique<Traffic<2, 5, 2, kMisuse, kStyle>>(); }, mutation);
  return result.defect.substr(0, result.defect.find('\n'));
}

TEST(SpscMutants, NoDefectWithoutMutation) {
  EXPECT_EQ(defect_with({}), "");
}

TEST(SpscMutants, TailMustBeReleased) {
  EXPECT_EQ(defect_with({Kind::kRelaxStores, kTail, kTail}), "race: unordered read of an element");
}

TEST(SpscMutants, ConsumerMustAcquireTail) {
  EXPECT_EQ(defect_with({Kind::kRelaxLoads, kTail, kTail}), "race: unordered read of an element");
}

TEST(SpscMutants, HeadMustBeReleased) {
  EXPECT_EQ(defect_with({Kind::kRelaxStores, kHead, kHead}), "race: unordered write of an element");
}

TEST(SpscMutants, ProducerMustAcquireHead) {
  EXPECT_EQ(defect_with({Kind::kRelaxLoads, kHead, kHead}), "race: unordered write of an element");
}

TEST(SpscMutants, TheOtherSidesIndexMustNotBeOverrated) {
  EXPECT_NE(defect_with({Kind::kReadAhead, kTail, kTail}), "");
  EXPECT_NE(defect_with({Kind::kReadAhead, kHead, kHead}), "");
}

TEST(SpscMutants, InPlaceEveryOrderIsNeededToo) {
  const auto defect = [](Kind kind, unsigned atomic) {
    return defect_with<Misuse::kNone, Style::kInPlace>({kind, atomic, atomic});
  };
  EXPECT_EQ(defect(Kind::kRelaxStores, kTail), "race: unordered read of an element");
  EXPECT_EQ(defect(Kind::kRelaxLoads, kTail), "race: unordered read of an element");
  EXPECT_EQ(defect(Kind::kRelaxStores, kHead), "race: unordered write of an element");
  EXPECT_EQ(defect(Kind::kRelaxLoads, kHead), "race: unordered write of an element");
}

TEST(SpscMutants, SlotMustNotBeWrittenAfterItsPublication) {
  EXPECT_NE((defect_with<Misuse::kWritesAfterPublish, Style::kInPlace>({})), "");
}

TEST(SpscMutants, SlotMustNotBeReadAfterItsRelease) {
  EXPECT_EQ(defect_with<Misuse::kReadsAfterRelease>({}), "race: unordered write of an element");
}

}  // namespace
}  // namespace esc::ring
