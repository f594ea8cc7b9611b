// SPDX-License-Identifier: BSD-3-Clause
// The rings beside their baselines. Compare within one run: ratios hold on a noisy machine,
// nanoseconds do not.
//   micro_ring --benchmark_repetitions=5 --benchmark_enable_random_interleaving=true
//              --benchmark_report_aggregates_only=true --benchmark_filter='two_threads/.*/32'
#include <string>

#include "ring_bench.hpp"
#include "ring_queues.hpp"

namespace {

using namespace esc::bench;

template <class Queue>
void add_round_trip(const std::string& name) {
  benchmark::RegisterBenchmark(("round_trip/" + name).c_str(), &round_trip<Queue>)
      ->Arg(1)
      ->Arg(8)
      ->Arg(32)
      ->Arg(64);
}

template <class Queue>
void add(const std::string& name) {
  add_round_trip<Queue>(name);
  benchmark::RegisterBenchmark(("two_threads/" + name).c_str(), &two_threads<Queue>)
      ->Arg(1)
      ->Arg(8)
      ->Arg(32)
      ->Arg(64)
      ->Iterations(kStretches)
      ->UseRealTime();
}

void add_all() {
  add<Mpsc>("mpsc_ring");
  add<MpscInPlace>("mpsc_ring_in_place");
  add<RteRing64<0>>("rte_ring_mp_elem64");
  add<RteRing64<RING_F_MP_HTS_ENQ>>("rte_ring_mp_hts_elem64");
  add<RteRing64<RING_F_MP_RTS_ENQ>>("rte_ring_mp_rts_elem64");
  add<RteRingPointers<0>>("rte_ring_mp_pointers");
  add<MoodycamelMpmc>("moodycamel_concurrent_queue");
  add<TbbBounded>("tbb_concurrent_bounded_queue");
  add_round_trip<TbbUnbounded>("tbb_concurrent_queue");

  add<Spsc>("spsc_ring");
  add<SpscInPlace>("spsc_ring_in_place");
  add<RteRing64<RING_F_SP_ENQ>>("rte_ring_sp_elem64");
  add<RteRingPointers<RING_F_SP_ENQ>>("rte_ring_sp_pointers");
  add<MoodycamelSpsc>("moodycamel_reader_writer_queue");
}

}  // namespace

int main(int argc, char** argv) {
  add_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
