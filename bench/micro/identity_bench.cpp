// SPDX-License-Identifier: BSD-3-Clause
// The windows of many producers, beside a map from the standard library.
//
// One iteration is one burst of 64 events; the counter time/event is the figure. Producers are
// drawn at random, each for as many events in a row as a datagram holds; every number is new and in
// order, as nearly all are.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <unordered_map>
#include <vector>

#include "identity/producer_table.hpp"

namespace {

using namespace esc::identity;
using esc::wire::Identity;

constexpr std::size_t kBurst = 64;
constexpr std::size_t kWindow = 4096;

/// Zeroed memory on large pages where the kernel has them, as the appliance's is.
template <class T>
class Pages {
 public:
  explicit Pages(std::size_t count) : bytes_(count * sizeof(T)) {
    void* memory =
        mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    madvise(memory, bytes_, MADV_HUGEPAGE);
    span_ = {static_cast<T*>(memory), count};
    std::uninitialized_value_construct(span_.begin(), span_.end());
  }
  ~Pages() { munmap(span_.data(), bytes_); }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  [[nodiscard]] std::span<T> span() const { return span_; }

 private:
  std::size_t bytes_;
  std::span<T> span_;
};

/// The next burst: runs of `run` events of one producer, numbered on.
class Traffic {
 public:
  Traffic(std::size_t producers, std::size_t run) : next_(producers, 1), run_(run) {
    std::mt19937_64 random(1);
    for (std::uint32_t& producer : order_) {
      producer = static_cast<std::uint32_t>(random() % producers);
    }
    for (std::uint64_t& next : next_) next = 1 + random() % kWindow;
  }
  /// One event of each producer, the last before its first burst.
  std::vector<Identity> first_contacts() {
    std::vector<Identity> events(next_.size());
    for (std::size_t i = 0; i < events.size(); ++i) events[i] = {i, next_[i]++, 1};
    return events;
  }
  std::span<const Identity> burst() {
    for (std::size_t i = 0; i < kBurst; i += run_) {
      const std::uint32_t producer = order_[at_++ % kOrder];
      // Prefetches for the next burst, so that waiting for these lines is not counted as the
      // table's time.
      __builtin_prefetch(&next_[order_[(at_ + kBurst) % kOrder]], 1);
      for (std::size_t k = 0; k < run_; ++k) events_[i + k] = {producer, next_[producer]++, 1};
    }
    return events_;
  }

 private:
  static constexpr std::size_t kOrder = 1 << 18;  // known when compiling: no division

  std::vector<std::uint64_t> next_;
  std::size_t run_;
  std::size_t at_ = 0;
  std::vector<std::uint32_t> order_ = std::vector<std::uint32_t>(kOrder);
  std::array<Identity, kBurst> events_{};
};

void report(benchmark::State& state) {
  state.counters["time/event"] = benchmark::Counter(
      kBurst, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

/// Makes the events only: the part of the other benchmarks that is not the table.
void traffic_alone(benchmark::State& state) {
  Traffic traffic(static_cast<std::size_t>(state.range(0)),
                  static_cast<std::size_t>(state.range(1)));
  for (auto _ : state) benchmark::DoNotOptimize(traffic.burst().data());
  report(state);
}

void producer_table(benchmark::State& state) {
  const ProducerTable::Settings settings{.producers = static_cast<std::size_t>(state.range(0)),
                                         .window = kWindow,
                                         .expiry_cycles = UINT64_MAX,
                                         .seed = 0x1234'5678'9ABC'DEF1};
  const Pages<IndexBucket> index(ProducerTable::buckets_for(settings));
  const Pages<ProducerEntry> entries(ProducerTable::entries_for(settings));
  const Pages<ProducerFaults> faults(ProducerTable::entries_for(settings));
  const Pages<BitWord> bits(ProducerTable::words_for(settings));
  ProducerTable table(settings, {index.span(), entries.span(), faults.span(), bits.span()});
  Traffic traffic(settings.producers, static_cast<std::size_t>(state.range(1)));
  std::array<Verdict, kBurst> verdicts{};
  std::uint64_t now = 1;
  for (const Identity& first : traffic.first_contacts()) {
    table.check_and_mark({&first, 1}, {verdicts.data(), 1}, now);
  }
  std::uint64_t refused = 0;
  for (auto _ : state) {
    const std::span<const Identity> burst = traffic.burst();
    table.check_and_mark(burst, verdicts, now);
    for (const Verdict verdict : verdicts) refused += verdict == Verdict::kNew ? 0U : 1U;
    ++now;
  }
  if (refused != 0) state.SkipWithError("a new number was refused");
  report(state);
}

void unordered_map(benchmark::State& state) {
  struct Known {
    std::uint64_t highest = 0;
    std::bitset<kWindow> seen;
  };
  std::unordered_map<std::uint64_t, Known> table;
  Traffic traffic(static_cast<std::size_t>(state.range(0)),
                  static_cast<std::size_t>(state.range(1)));
  for (const Identity& first : traffic.first_contacts()) {
    table[first.producer].highest = first.sequence;
  }
  std::uint64_t refused = 0;
  for (auto _ : state) {
    for (const Identity& identity : traffic.burst()) {
      Known& known = table[identity.producer];
      refused += identity.sequence > known.highest ? 0U : 1U;
      for (std::uint64_t n = known.highest + 1; n < identity.sequence; ++n) {
        known.seen.reset(n % kWindow);
      }
      known.highest = identity.sequence;
      known.seen.set(identity.sequence % kWindow);
    }
  }
  if (refused != 0) state.SkipWithError("a new number was refused");
  report(state);
}

void shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"producers", "in_a_row"});
  for (const int producers : {64, 1024, 65536}) {
    for (const int run : {1, 8}) bench->Args({producers, run});
  }
}

BENCHMARK(traffic_alone)->Apply(shapes);
BENCHMARK(producer_table)->Apply(shapes);
BENCHMARK(unordered_map)->Apply(shapes);

}  // namespace

BENCHMARK_MAIN();
