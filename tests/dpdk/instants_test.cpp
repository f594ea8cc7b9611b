// SPDX-License-Identifier: BSD-3-Clause
// The ledger at every instant: an lcore may lose its CPU between any two instructions, and whoever
// reads the ledger meanwhile must still find that it holds.
#include <gtest/gtest.h>
#include <rte_ring.h>
#include <signal.h>
#include <ucontext.h>

#include <array>
#include <vector>

#include "folded_pipeline.hpp"
#include "mixed_trace.hpp"
#include "port_support.hpp"
#include "support/mbufs.hpp"

namespace esc::test {
namespace {

// The plain build shows it. A sanitizer would add its own instructions to those between two counts.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

/// Calls its function after every single instruction of this thread. The CPU's trap flag makes it
/// raise SIGTRAP after each one, and the kernel clears the flag while the handler runs.
///
/// The function runs as a signal handler, so what is traced may not hold a lock that it needs; it
/// may allocate, since nothing on the data path does.
class SingleStepper {
 public:
  using Function = void (*)();

  explicit SingleStepper(Function after_each) {
    after_each_ = after_each;
    stepping_ = true;
    struct sigaction action {};
    action.sa_sigaction = &on_trap;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGTRAP, &action, &before_);
    raise(SIGTRAP);
  }
  ~SingleStepper() {
    stepping_ = false;  // the next trap is the last one
    sigaction(SIGTRAP, &before_, nullptr);
  }
  SingleStepper(const SingleStepper&) = delete;
  SingleStepper& operator=(const SingleStepper&) = delete;

 private:
  static void on_trap(int /*signal*/, siginfo_t* /*info*/, void* context) {
    constexpr greg_t kTrapFlag = 0x100;
    greg_t& flags = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL];
    flags = stepping_ ? flags | kTrapFlag : flags & ~kTrapFlag;
    if (stepping_) after_each_();
  }

  static inline Function after_each_ = nullptr;
  static inline volatile bool stepping_ = false;
  struct sigaction before_ {};
};

/// What was seen at the instants of a run.
struct Watched {
  const FoldedPipeline* path = nullptr;
  std::uint64_t instants = 0;
  std::uint64_t unsound = 0;
  std::uint64_t in_flight = 0;  ///< instants at which some frame was in flight
  telemetry::Ledger first_unsound{};
};
Watched
    watched;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): for a signal handler

void look() {
  ++watched.instants;
  const appliance::DataPath& path = watched.path->data_path();
  const appliance::Load room = path.room();
  for (std::size_t i = 0; i < path.pipelines().size(); ++i) {
    const telemetry::Ledger ledger = path.ledger(i);
    if (ledger.frames.received > ledger.frames_accounted()) ++watched.in_flight;
    if (ledger.within(room.frames, room.packets)) continue;
    if (watched.unsound++ == 0) watched.first_unsound = ledger;
  }
}

TEST(Instants, EachPipelinesLedgerHoldsAfterEveryInstruction) {
  const TestPool pool(2047);
  dpdk::Port port(settings_for("net_ring"));
  port.start();
  rte_ring* ring = ring_behind(port);
  ASSERT_NE(ring, nullptr);
  // Rings shorter than a burst: some of it is held, and handed over in later polls. The session's
  // numbers come again and again: events are delivered, refused, duplicates and of unknown topics.
  FoldedPipeline path({&port}, mixed_routes(),
                      {.pipelines = 2,
                       .workers = 3,
                       .ingest_cells = 16,
                       .worker_cells = 4,
                       .hold_cells = 4,
                       .sequenced = true});
  for (const Bytes& packet : mixed_trace(2)) enqueue_whole_and_cut(ring, pool, packet);
  watched = {.path = &path};
  {
    const SingleStepper stepper(&look);
    for (int round = 0; round < 40; ++round) (void)path.poll();
  }
  path.run_dry();
  const telemetry::Ledger& at = watched.first_unsound;
  EXPECT_EQ(watched.unsound, 0U) << "of " << watched.instants << " instants; at the first one "
                                 << at.frames.received << " frames were received and "
                                 << at.frames_accounted() << " accounted for, "
                                 << at.packets.received << " packets and "
                                 << at.packets_accounted();
  EXPECT_GT(watched.instants, 10'000U);
  EXPECT_GT(watched.in_flight, 0U);
  const telemetry::Ledger end = path.ledger();
  EXPECT_TRUE(end.balanced());
  EXPECT_EQ(end.frames.received, 40U);
  EXPECT_EQ(end.frames.in_flight, 0U);
  EXPECT_GT(end.frames.duplicate[static_cast<std::size_t>(DuplicateBy::kNumber)], 0U);
  port.close();
  EXPECT_TRUE(pool.whole());
}

#endif

}  // namespace
}  // namespace esc::test
