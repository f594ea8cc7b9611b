// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/worker_mark.hpp"

#include <gtest/gtest.h>

namespace esc::telemetry {
namespace {

/// A worker that takes everything after each look at its figures, as if the reader were preempted
/// there.
struct Worker {
  std::size_t in_ring = 0;
  std::uint64_t received = 0;
  void take_all() {
    received += in_ring;
    in_ring = 0;
  }
};
struct Ring {
  Worker* worker;
  [[nodiscard]] std::size_t size() const {
    const std::size_t seen = worker->in_ring;
    worker->take_all();
    return seen;
  }
};
struct Count {
  Worker* worker;
  [[nodiscard]] std::uint64_t get() const {
    const std::uint64_t seen = worker->received;
    worker->take_all();
    return seen;
  }
};

TEST(WorkerMark, NeverFallsShortOfWhatIsUnderWay) {
  Worker worker{.in_ring = 40, .received = 1000};
  EXPECT_GE(worker_mark(Ring{&worker}, 7, Count{&worker}), 1000U + 40 + 7);
}

TEST(WorkerMark, IsExactWhereTheWorkerStandsStill) {
  Worker idle{.in_ring = 0, .received = 1000};
  EXPECT_EQ(worker_mark(Ring{&idle}, 0, Count{&idle}), 1000U);
  EXPECT_EQ(worker_mark(Ring{&idle}, 64, Count{&idle}), 1064U);
}

}  // namespace
}  // namespace esc::telemetry
