// SPDX-License-Identifier: BSD-3-Clause
// The rings under real threads: several producers, also pinned on one core, where one is preempted
// between claim and publish.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <random>
#include <span>
#include <thread>
#include <vector>

#include "ring/mpsc_ring.hpp"
#include "ring/spsc_ring.hpp"
#include "support/cpus.hpp"
#include "support/sanitizers.hpp"

namespace esc::ring {
namespace {

using test::allowed_cpus;
using test::pin_to;

#if defined(ESC_UNDER_TSAN)
constexpr std::uint64_t kPerProducer = 20'000;
#else
constexpr std::uint64_t kPerProducer = 200'000;
#endif
constexpr std::size_t kMaxBurst = 32;

/// How many items each producer sends. Fewer through small rings: there the threads take turns
/// after a few items, and on a loaded machine each turn costs a time slice.
constexpr std::uint64_t items_through(std::size_t capacity) {
  return std::min<std::uint64_t>(kPerProducer, 200 * capacity);
}

struct Item {
  std::uint64_t producer;
  std::uint64_t number;
  std::array<std::uint64_t, 5> rest;  ///< made from the number: shows a torn element
};
static_assert(sizeof(Item) == 56);

Item make_item(std::uint64_t producer, std::uint64_t number) {
  Item item{.producer = producer, .number = number, .rest = {}};
  for (std::uint64_t i = 0; i < item.rest.size(); ++i) item.rest[i] = number * 31 + i;
  return item;
}

/// Pushes items 0 .. total - 1 in bursts of random size through `push`, which returns how
/// many it took.
template <class Push>
void produce(std::uint64_t self, std::uint64_t total, Push&& push) {
  std::minstd_rand random(static_cast<unsigned>(self + 1));
  std::array<Item, kMaxBurst> burst;
  std::uint64_t next = 0;
  while (next < total) {
    const std::uint64_t wanted = std::min<std::uint64_t>(1 + random() % kMaxBurst, total - next);
    for (std::uint64_t i = 0; i < wanted; ++i) burst[i] = make_item(self, next + i);
    const std::size_t accepted = push(std::span<const Item>(burst).first(wanted));
    if (accepted == 0) std::this_thread::yield();
    next += accepted;
  }
}

/// Checks that each producer's items come whole, in order, none missing and none twice.
class Receipts {
 public:
  Receipts(std::size_t producers, std::uint64_t each) : next_(producers, 0), each_(each) {}

  void take(const Item& item) {
    ++taken_;
    if (item.producer >= next_.size()) {
      ++wrong_;
      return;
    }
    const Item expected = make_item(item.producer, next_[item.producer]++);
    if (item.number != expected.number || item.rest != expected.rest) ++wrong_;
  }
  [[nodiscard]] bool complete() const { return taken_ >= each_ * next_.size(); }
  void expect_exact() const {
    EXPECT_EQ(wrong_, 0U);
    for (const std::uint64_t next : next_) EXPECT_EQ(next, each_);
  }

 private:
  std::vector<std::uint64_t> next_;
  std::uint64_t each_;
  std::uint64_t taken_ = 0;
  std::uint64_t wrong_ = 0;
};

/// Takes items in both ways, in bursts of random size, until all have come.
template <class Ring>
void consume(Ring& ring, Receipts& receipts) {
  std::minstd_rand random(99);
  std::array<Item, kMaxBurst> out;
  while (!receipts.complete()) {
    const std::size_t max = 1 + random() % kMaxBurst;
    std::size_t count = 0;
    const auto way = random() % 3;
    if (way == 0) {
      count = ring.pop_burst(std::span(out).first(max));
      for (std::size_t i = 0; i < count; ++i) receipts.take(out[i]);
    } else if constexpr (requires { ring.claim(); }) {
      count = way == 1 ? ring.consume_burst(max, [&](const Item& item) { receipts.take(item); })
                       : ring.consume_run(max, [&](std::span<const Item> run) {
                           for (const Item& item : run) receipts.take(item);
                         });
    } else {
      count = ring.consume_burst(max, [&](const Item& item) { receipts.take(item); });
    }
    if (count == 0) std::this_thread::yield();
  }
}

/// A policy under which producers often give up the CPU between claim and publish.
struct Dawdling : StdAtomics {
  static void will_write(const void* /*element*/) {
    thread_local unsigned writes = 0;
    if (++writes % 64 == 0) std::this_thread::yield();
  }
};

/// One producer for every entry of `producer_cpus`, pinned there; the consumer is the calling
/// thread's child on consumer_cpu.
template <class Policy = StdAtomics>
void run_mpsc(std::size_t capacity, std::span<const int> producer_cpus, int consumer_cpu) {
  using Ring = MpscRing<Item, Policy>;
  std::vector<typename Ring::Cell> cells(capacity);
  Ring ring(cells);
  const std::uint64_t total = items_through(capacity);
  Receipts receipts(producer_cpus.size(), total);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < producer_cpus.size(); ++i) {
      threads.emplace_back([&, i] {
        pin_to(producer_cpus[i]);
        typename Ring::Producer producer(ring);
        produce(i, total, [&](std::span<const Item> items) { return producer.push_burst(items); });
      });
    }
    threads.emplace_back([&] {
      pin_to(consumer_cpu);
      consume(ring, receipts);
    });
  }
  receipts.expect_exact();
  EXPECT_EQ(ring.size(), 0U);
  std::cout << "[ stress   ] hole waits: " << ring.hole_waits() << '\n';
}

TEST(MpscStress, ProducersOnOneCoreConsumerOnAnother) {
  const std::vector<int> cpus = allowed_cpus();
  ASSERT_FALSE(cpus.empty());
  run_mpsc(64, std::array{cpus.front(), cpus.front(), cpus.front()}, cpus.back());
  run_mpsc(4096, std::array{cpus.front(), cpus.front(), cpus.front()}, cpus.back());
}

TEST(MpscStress, ProducersThatLeaveHoles) {
  const std::vector<int> cpus = allowed_cpus();
  ASSERT_FALSE(cpus.empty());
  run_mpsc<Dawdling>(256, std::array{cpus.front(), cpus.front(), cpus.front()}, cpus.back());
}

TEST(MpscStress, EverythingOnOneCore) {
  const std::vector<int> cpus = allowed_cpus();
  ASSERT_FALSE(cpus.empty());
  run_mpsc(256, std::array{cpus.back(), cpus.back()}, cpus.back());
}

TEST(MpscStress, ProducersOnTwoCores) {
  const std::vector<int> cpus = allowed_cpus();
  ASSERT_FALSE(cpus.empty());
  run_mpsc(8, std::array{cpus.front(), cpus.back(), cpus.front()}, cpus.back());
  run_mpsc(1024, std::array{cpus.front(), cpus.back()}, cpus.back());
}

std::size_t write_in_place(SpscRing<Item>& ring, std::span<const Item> items) {
  for (const Item& item : items) {
    Item* slot = ring.claim();
    if (slot == nullptr) break;
    *slot = item;
  }
  return ring.publish();
}

TEST(SpscStress, TwoCores) {
  const std::vector<int> cpus = allowed_cpus();
  ASSERT_FALSE(cpus.empty());
  for (const std::size_t capacity : {std::size_t{8}, std::size_t{1024}}) {
    struct alignas(kCacheLineBytes) Block {
      std::byte bytes[kCacheLineBytes];
    };
    std::vector<Block> memory(capacity);
    SpscRing<Item> ring(SpscRing<Item>::slots_in(
        std::as_writable_bytes(std::span(memory)).first(SpscRing<Item>::bytes_for(capacity))));
    const std::uint64_t total = items_through(capacity);
    Receipts receipts(1, total);
    {
      std::jthread producer([&] {
        pin_to(cpus.front());
        bool in_place = false;
        produce(0, total, [&](std::span<const Item> items) {
          in_place = !in_place;
          return in_place ? write_in_place(ring, items) : ring.push_burst(items);
        });
      });
      std::jthread consumer([&] {
        pin_to(cpus.back());
        consume(ring, receipts);
      });
    }
    receipts.expect_exact();
    EXPECT_EQ(ring.size(), 0U);
  }
}

}  // namespace
}  // namespace esc::ring
