// SPDX-License-Identifier: BSD-3-Clause
// IndexStack under every schedule within a context bound, and with its orders weakened.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "ring/index_stack.hpp"
#include "support/explored_bounds.hpp"
#include "support/explorer.hpp"

namespace esc::ring {
namespace {

using namespace esc::explorer;

using Kind = Mutation::Kind;

/// Each thread pops a number, writes to what stands for it, and pushes it again, `kTurns` times.
template <unsigned kNumbers, unsigned kTurns>
class Turns : public Scenario {
  using Stack = IndexStack<Atomics>;

 public:
  Turns() {
    for (std::uint32_t i = 0; i < kNumbers; ++i) stack_.push(i);
  }

  void run(unsigned thread) override {
    for (unsigned turn = 0; turn < kTurns; ++turn) {
      const std::optional<std::uint32_t> index = stack_.pop();
      if (!index) continue;
      require(*index < kNumbers, "a number that nobody pushed");
      Buffer& buffer = buffers_[*index];
      Atomics::will_read(&buffer);
      require(!buffer.taken, "two have one number");
      Atomics::will_write(&buffer);
      buffer.taken = true;
      buffer.last = thread;
      Atomics::will_write(&buffer);
      buffer.taken = false;
      stack_.push(*index);
    }
  }

  void finish() override {
    std::array<bool, kNumbers> seen{};
    for (unsigned i = 0; i < kNumbers; ++i) {
      const auto index = stack_.pop();
      require(index.has_value(), "a number is lost");
      require(!seen[*index], "a number is there twice");
      seen[*index] = true;
    }
    require(!stack_.pop(), "there is one more than was pushed");
  }

 private:
  struct Buffer {
    bool taken = false;
    unsigned last = 0;
  };
  struct Links {
    std::array<Stack::Link, 3> link{Stack::Link(0), Stack::Link(0), Stack::Link(0)};
  };
  Links links_;
  Stack stack_{links_.link.data()};
  std::array<Buffer, kNumbers> buffers_{};
};

template <unsigned kNumbers, unsigned kTurns>
void expect_sound(const char* what, unsigned threads, const Bounds& bounds) {
  const Result result =
      explore(bounds, threads, [] { return std::make_unique<Turns<kNumbers, kTurns>>(); });
  report(what, bounds, result);
  EXPECT_EQ(result.defect, "");
  EXPECT_GT(result.schedules, 50U);
}

TEST(IndexStackExplored, Interleavings) {
  expect_sound<2, 2>("index_stack_2_numbers", 2, interleavings(5));
  expect_sound<3, 2>("index_stack_3_numbers", 2, interleavings(5));
  expect_sound<2, 1>("index_stack_3_threads", 3, interleavings(3));
}

TEST(IndexStackExplored, WithStaleReads) {
  expect_sound<2, 2>("index_stack_2_numbers_stale", 2, with_stale_reads(3, 2));
}

// The atomics in order of construction: the links, then the head.
constexpr unsigned kHead = 3;

std::string defect_with(const Mutation& mutation) {
  const Bounds bounds = {.preemptions = 3, .stale_reads = 2, .steps = 500};
  return explore(
             bounds, 2, [] { return std::make_unique<Turns<2, 2>>(); }, mutation)
      .defect;
}

TEST(IndexStackMutants, AreFound) {
  EXPECT_EQ(defect_with({}), "");
  for (const Kind kind : {Kind::kRelaxStores, Kind::kRelaxLoads, Kind::kSplitExchange}) {
    EXPECT_NE(defect_with({kind, kHead, kHead}), "") << static_cast<int>(kind);
  }
}

}  // namespace
}  // namespace esc::ring
