// SPDX-License-Identifier: BSD-3-Clause
// The table of keys, beside tables that one would use without several lcores, a window or a bound.
//
// One iteration is one burst of 64 keys, prefetched; the counter time/event is the figure. Keys are
// hashes drawn from a generator, so that none is in a cache: what hashing costs is a row of its
// own.
//   new          a table that is full: every key is new and evicts one
//   new_ahead    the same, each burst asked for while the one before it is judged
//   known        every key is a duplicate
//   first_in_era as new, and each bucket is met for the first time in an era
//   beyond       new keys, 1, 10 and 100 times as many as the table has room for: the time of the
//                last of them
// They are of a table with one caller, as an appliance of one pipeline has it; shared_... is of one
// for several.
#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <tbb/concurrent_hash_map.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <unordered_set>
#include <vector>

#include "identity/keyed_table.hpp"

namespace {

using namespace esc::identity;

constexpr std::size_t kBurst = KeyedTable::kMaxBurst;
constexpr std::uint64_t kNow = std::uint64_t{1} << 40;

/// Memory on large pages where the kernel has them, as the appliance's is.
class Pages {
 public:
  explicit Pages(std::size_t bytes) : bytes_(bytes) {
    void* memory =
        mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    madvise(memory, bytes_, MADV_HUGEPAGE);
    memory_ = static_cast<std::byte*>(memory);
  }
  ~Pages() { munmap(memory_, bytes_); }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  [[nodiscard]] std::span<std::byte> span() const { return {memory_, bytes_}; }

 private:
  std::size_t bytes_;
  std::byte* memory_;
};

/// SplitMix64 (G. Steele et al., 2014): the n-th hash is a function of n, so that keys can come
/// again.
std::uint64_t mixed(std::uint64_t n) {
  n *= 0x9E3779B97F4A7C15U;
  n = (n ^ (n >> 30U)) * 0xBF58476D1CE4E5B9U;
  n = (n ^ (n >> 27U)) * 0x94D049BB133111EBU;
  return n ^ (n >> 31U);
}

/// Bursts of keys with rising numbers, which begin again after `period`.
class Keys {
 public:
  explicit Keys(std::uint64_t period = UINT64_MAX) : period_(period) {}
  std::span<const KeyHash> burst() {
    for (KeyHash& key : keys_) {
      key = {mixed(2 * next_), mixed(2 * next_ + 1)};
      if (++next_ == period_) next_ = 0;
    }
    return keys_;
  }

 private:
  std::uint64_t period_;
  std::uint64_t next_ = 0;
  std::array<KeyHash, kBurst> keys_{};
};

void report(benchmark::State& state) {
  state.counters["time/event"] = benchmark::Counter(
      kBurst, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

std::size_t bytes_of(const benchmark::State& state) {
  return static_cast<std::size_t>(state.range(0)) << 20U;
}

/// A table that no key is in, of so many bytes.
struct Table {
  explicit Table(std::size_t bytes, KeyCallers callers = KeyCallers::kOne)
      : pages(bytes),
        table(KeyedTable::buckets_in(pages.span()), 1'000'000, callers),
        caller(table) {}
  std::uint64_t judge(std::span<const KeyHash> burst, std::uint64_t now) {
    caller.check_and_mark(burst, verdicts, now);
    std::uint64_t fresh = 0;
    for (const KeyVerdict verdict : verdicts) fresh += verdict == KeyVerdict::kNew ? 1U : 0U;
    return fresh;
  }

  Pages pages;
  KeyedTable table;
  KeyedTable::Caller caller;
  std::array<KeyVerdict, kBurst> verdicts{};
};

/// A table and the keys that filled it, and go on. Google Benchmark calls a benchmark several
/// times until it knows how many iterations it wants: the last one made is kept.
struct FullTable : Table {
  FullTable(std::size_t bytes, KeyCallers callers) : Table(bytes, callers), made_for(callers) {
    for (std::uint64_t i = 0; i < table.capacity() * 3 / 2; i += kBurst) judge(keys.burst(), now);
  }
  static FullTable& of(std::size_t bytes, KeyCallers callers = KeyCallers::kOne) {
    static std::unique_ptr<FullTable> last;
    if (!last || last->pages.span().size() != bytes || last->made_for != callers) {
      last.reset();
      last = std::make_unique<FullTable>(bytes, callers);
    }
    return *last;
  }

  KeyCallers made_for;
  Keys keys;
  std::uint64_t now = kNow;
};

/// Makes the keys only: the part of the other benchmarks that is not the table.
void keys_alone(benchmark::State& state) {
  Keys keys;
  for (auto _ : state) benchmark::DoNotOptimize(keys.burst().data());
  report(state);
}

void judge_new(benchmark::State& state, KeyCallers callers) {
  FullTable& table = FullTable::of(bytes_of(state), callers);
  std::uint64_t refused = 0;
  for (auto _ : state) refused += kBurst - table.judge(table.keys.burst(), table.now);
  if (refused != 0) state.SkipWithError("a new key was refused");
  report(state);
}

void keyed_table_new(benchmark::State& state) {
  judge_new(state, KeyCallers::kOne);
}
void shared_keyed_table_new(benchmark::State& state) {
  judge_new(state, KeyCallers::kMany);
}

void keyed_table_new_ahead(benchmark::State& state) {
  FullTable& table = FullTable::of(bytes_of(state));
  std::array<KeyHash, kBurst> next;
  std::array<KeyHash, kBurst> keys;
  std::ranges::copy(table.keys.burst(), next.begin());
  std::uint64_t refused = 0;
  for (auto _ : state) {
    keys = next;
    std::ranges::copy(table.keys.burst(), next.begin());
    table.caller.prefetch(next);
    refused += kBurst - table.judge(keys, table.now);
  }
  if (refused != 0) state.SkipWithError("a new key was refused");
  report(state);
}

void keyed_table_first_in_era(benchmark::State& state) {
  FullTable& table = FullTable::of(bytes_of(state));
  // An era a burst: hardly a bucket is met twice in one.
  const std::uint64_t era = table.table.tick_cycles() * KeyLayout<>::kEraTicks;
  std::uint64_t refused = 0;
  for (auto _ : state) refused += kBurst - table.judge(table.keys.burst(), table.now += era);
  if (refused != 0) state.SkipWithError("a new key was refused");
  report(state);
}

void judge_known(benchmark::State& state, KeyCallers callers) {
  // So few that no bucket is full.
  const std::uint64_t period = bytes_of(state) / 64 / 4 / kBurst * kBurst;
  Keys keys(period);
  Table table(bytes_of(state), callers);
  for (std::uint64_t i = 0; i < period; i += kBurst) table.judge(keys.burst(), kNow);
  std::uint64_t fresh = 0;
  for (auto _ : state) fresh += table.judge(keys.burst(), kNow);
  if (fresh != 0) state.SkipWithError("a known key was new");
  report(state);
}

void keyed_table_known(benchmark::State& state) {
  judge_known(state, KeyCallers::kOne);
}
void shared_keyed_table_known(benchmark::State& state) {
  judge_known(state, KeyCallers::kMany);
}

void keyed_table_beyond(benchmark::State& state) {
  Keys keys;
  Table table(bytes_of(state));
  const auto last = table.table.capacity() * static_cast<std::uint64_t>(state.range(1));
  for (std::uint64_t i = 0; i < last; i += kBurst) table.judge(keys.burst(), kNow);
  std::uint64_t refused = 0;
  for (auto _ : state) refused += kBurst - table.judge(keys.burst(), kNow);
  if (refused != 0) state.SkipWithError("a new key was refused");
  report(state);
}

/// The least that can be done with a line: eight 64-bit keys, not atomic, no time, overwritten in
/// turn of the hash. One lcore only.
class PlainSet {
 public:
  explicit PlainSet(std::size_t bytes) : pages_(bytes) {
    buckets_ = {reinterpret_cast<Bucket*>(pages_.span().data()), bytes / sizeof(Bucket)};
    for (std::size_t i = 0; i < buckets_.size() * 8 * 3 / 2; i += kBurst) judge(keys.burst());
  }
  std::uint64_t judge(std::span<const KeyHash> burst) {
    for (const KeyHash& key : burst) __builtin_prefetch(&bucket_of(key), 1);
    std::uint64_t fresh = 0;
    for (const KeyHash& key : burst) {
      Bucket& bucket = bucket_of(key);
      bool found = false;
      for (const std::uint64_t known : bucket.keys) found |= known == key.low;
      if (found) continue;
      bucket.keys[key.high % bucket.keys.size()] = key.low;
      ++fresh;
    }
    return fresh;
  }
  static PlainSet& of(std::size_t bytes) {
    static std::unique_ptr<PlainSet> last;
    if (!last || last->pages_.span().size() != bytes) {
      last.reset();
      last = std::make_unique<PlainSet>(bytes);
    }
    return *last;
  }

  Keys keys;

 private:
  struct alignas(64) Bucket {
    std::array<std::uint64_t, 8> keys;
  };
  Bucket& bucket_of(const KeyHash& key) {
    return buckets_[static_cast<std::size_t>(
        (static_cast<unsigned __int128>(key.high) * buckets_.size()) >> 64U)];
  }

  Pages pages_;
  std::span<Bucket> buckets_;
};

void plain_set_new(benchmark::State& state) {
  PlainSet& set = PlainSet::of(bytes_of(state));
  std::uint64_t refused = 0;
  for (auto _ : state) refused += kBurst - set.judge(set.keys.burst());
  if (refused != 0) state.SkipWithError("a new key was refused");
  report(state);
}

struct Hash {
  static std::size_t hash(const KeyHash& key) { return key.high; }
  static bool equal(const KeyHash& a, const KeyHash& b) { return a == b; }
  std::size_t operator()(const KeyHash& key) const { return hash(key); }
};

/// As many keys as the table of that many bytes has slots; the oldest is taken out for each
/// new one, by a second pass of the generator.
template <class Set>
void oldest_for_new(benchmark::State& state, Set& set) {
  const std::uint64_t capacity = bytes_of(state) / 64 * 7 / kBurst * kBurst;
  Keys keys;
  Keys oldest;
  for (std::uint64_t i = 0; i < capacity; i += kBurst) {
    for (const KeyHash& key : keys.burst()) set.put(key);
  }
  std::uint64_t refused = 0;
  for (auto _ : state) {
    for (const KeyHash& key : oldest.burst()) set.remove(key);
    for (const KeyHash& key : keys.burst()) refused += set.put(key) ? 0U : 1U;
  }
  if (refused != 0) state.SkipWithError("a new key was refused");
  report(state);
}

void unordered_set_new(benchmark::State& state) {
  struct {
    bool put(const KeyHash& key) { return keys.insert(key).second; }
    void remove(const KeyHash& key) { keys.erase(key); }
    std::unordered_set<KeyHash, Hash> keys;
  } set;
  oldest_for_new(state, set);
}

void tbb_hash_map_new(benchmark::State& state) {
  struct {
    bool put(const KeyHash& key) { return keys.insert({key, 0}); }
    void remove(const KeyHash& key) { keys.erase(key); }
    tbb::concurrent_hash_map<KeyHash, std::uint32_t, Hash> keys;
  } set;
  oldest_for_new(state, set);
}

void hash_key(benchmark::State& state) {
  const KeyHasher hasher(random_key_secret());
  std::vector<std::uint8_t> key(static_cast<std::size_t>(state.range(0)));
  std::uint64_t scope = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBurst; ++i) {
      benchmark::DoNotOptimize(key.data());
      benchmark::DoNotOptimize(hasher(key, ++scope));
    }
  }
  report(state);
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgName("MiB")->Arg(1)->Arg(256)->Arg(1024);
}
void small_sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgName("MiB")->Arg(1)->Arg(16);
}

BENCHMARK(keys_alone);
BENCHMARK(hash_key)->ArgName("bytes")->Arg(8)->Arg(16)->Arg(32)->Arg(512);
BENCHMARK(keyed_table_new)->Apply(sizes);
BENCHMARK(keyed_table_new_ahead)->Apply(sizes);
BENCHMARK(plain_set_new)->Apply(sizes);
BENCHMARK(keyed_table_known)->Apply(sizes);
BENCHMARK(keyed_table_first_in_era)->Apply(sizes);
BENCHMARK(shared_keyed_table_new)->Apply(sizes);
BENCHMARK(shared_keyed_table_known)->Apply(sizes);
// The preparation takes longer than the measurement, so the number of iterations is fixed.
BENCHMARK(keyed_table_beyond)
    ->ArgNames({"MiB", "times"})
    ->ArgsProduct({{16}, {1, 10, 100}})
    ->Iterations(1 << 14);
BENCHMARK(unordered_set_new)->Apply(small_sizes);
BENCHMARK(tbb_hash_map_new)->Apply(small_sizes);

}  // namespace

BENCHMARK_MAIN();
