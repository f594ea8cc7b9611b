// SPDX-License-Identifier: BSD-3-Clause
// The cost of a known topic during a flood of topics that come only once.
//
// A stream of bursts: 64 known topics, then 64 of a flood of 10 million different ones. Only the
// known ones are timed, by the TSC around their burst; ns/known is the figure. Their peer is the
// same stream with the flood's topics read (their hash is made, as an RX lcore does) but not looked
// up: so what differs is what looking them up does to the known ones, and not what other packets do
// to the caches anyway. quiet/* is without other topics at all.
//
// known_exact are 64 of 100,000 exact routes beside 1,000 patterns; known_wildcard are 64 topics
// that patterns match.
#include <benchmark/benchmark.h>
#include <x86intrin.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "route/route_set.hpp"
#include "route/topic_cache.hpp"
#include "route/topic_hasher.hpp"

namespace {

using esc::route::RouteSet;
using esc::route::RouteSpec;
using esc::route::TopicCache;
using esc::route::TopicHasher;
using Topic = std::span<const std::uint8_t>;

constexpr std::size_t kBurst = 64;
constexpr std::uint64_t kDifferent = 10'000'000;

enum class Others { kNone, kRead, kLookedUp };

struct Table {
  Table() : routes(specs(), hasher) {}

  static std::vector<RouteSpec> specs() {
    std::vector<RouteSpec> specs;
    for (std::size_t i = 0; i < 100'000; ++i) {
      specs.push_back({.topic = "plant/" + std::to_string(i) + "/press/temp"});
    }
    for (std::size_t i = 0; i < 999; ++i) {
      specs.push_back({.topic = "line/" + std::to_string(i) + "/+/temp"});
    }
    specs.push_back({.topic = "sensor/+/temp"});
    return specs;
  }

  TopicHasher hasher{0x5eed};
  RouteSet routes;
};

/// A new cache for each run. The flood is the same in each run, so topics left by one run would be
/// topics that return in the next.
struct Cache {
  std::vector<TopicCache::Set> sets{TopicCache::sets_for(TopicCache::kDefaultTopics)};
  std::vector<TopicCache::TopicBytes> topics{sets.size() * TopicCache::kWays};
  TopicCache cache{{sets, topics}};
};

/// Bursts of the 64 known topics.
class Known {
 public:
  Known(const Table& table, bool wildcard) {
    for (std::size_t i = 0; i < kBurst; ++i) {
      const std::string number = std::to_string(i * 15);
      texts_[i] =
          wildcard ? "line/" + number + "/u" + number + "/temp" : "plant/" + number + "/press/temp";
      all_[i].topic = {reinterpret_cast<const std::uint8_t*>(texts_[i].data()), texts_[i].size()};
      all_[i].hash = table.hasher(all_[i].topic);
    }
    next();
  }

  void next() {
    std::ranges::shuffle(all_, random_);
    for (std::size_t i = 0; i < kBurst; ++i) {
      topics[i] = all_[i].topic;
      hashes[i] = all_[i].hash;
    }
  }
  std::array<Topic, kBurst> topics;
  std::array<std::uint64_t, kBurst> hashes;

 private:
  struct One {
    Topic topic;
    std::uint64_t hash = 0;
  };
  std::array<std::string, kBurst> texts_;
  std::array<One, kBurst> all_;
  std::minstd_rand random_{1};
};

/// Bursts of "sensor/<number>/temp", as they would lie in packet buffers that are used in turn.
class Flood {
 public:
  Flood() : frames_(16 * kBurst) {}

  void next(const TopicHasher& hasher) {
    for (std::size_t i = 0; i < kBurst; ++i) {
      std::array<char, 64>& frame = frames_[at_++ % frames_.size()];
      std::copy_n("sensor/", 7, frame.data());
      char* end = std::to_chars(frame.data() + 7, frame.data() + 20, number_).ptr;
      end = std::copy_n("/temp", 5, end);
      number_ = number_ + 1 == kDifferent * 2 ? kDifferent : number_ + 1;
      topics[i] = {reinterpret_cast<const std::uint8_t*>(frame.data()),
                   static_cast<std::size_t>(end - frame.data())};
      hashes[i] = hasher(topics[i]);
    }
  }
  std::array<Topic, kBurst> topics;
  std::array<std::uint64_t, kBurst> hashes;

 private:
  std::vector<std::array<char, 64>> frames_;
  std::size_t at_ = 0;
  std::uint64_t number_ = kDifferent;
};

double ns_of_cycle() {
  const auto begin = std::chrono::steady_clock::now();
  const std::uint64_t first = __rdtsc();
  while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(20)) {
  }
  const auto took = std::chrono::steady_clock::now() - begin;
  return std::chrono::duration<double, std::nano>(took).count() /
         static_cast<double>(__rdtsc() - first);
}

template <class Burst>
std::uint64_t look_up(const Table& table, TopicCache& cache, const Burst& burst) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBurst; ++i) {
    sum += cache.find(table.routes, burst.hashes[i], burst.topics[i]);
  }
  return sum;
}

void known(benchmark::State& state, const Table& table, bool wildcard, Others others) {
  static const double ns_per_cycle = ns_of_cycle();
  const auto memory = std::make_unique<Cache>();
  TopicCache& cache = memory->cache;
  Known known(table, wildcard);
  Flood flood;
  for (int i = 0; i < 10; ++i) benchmark::DoNotOptimize(look_up(table, cache, known));
  const auto& searches = cache.counters().searches;
  std::uint64_t searched = 0;  // for known topics
  std::uint64_t cycles = 0;
  std::uint64_t bursts = 0;
  for (auto _ : state) {
    known.next();
    if (others != Others::kNone) flood.next(table.hasher);
    if (others == Others::kLookedUp) benchmark::DoNotOptimize(look_up(table, cache, flood));
    const std::uint64_t before = searches.get();
    const std::uint64_t begin = __rdtsc();
    benchmark::DoNotOptimize(look_up(table, cache, known));
    cycles += __rdtsc() - begin;
    ++bursts;
    searched += searches.get() - before;
  }
  if (searched != 0) state.SkipWithError("a known topic was looked for again");
  state.counters["ns/known"] = static_cast<double>(cycles) * ns_per_cycle /
                               static_cast<double>(bursts) / static_cast<double>(kBurst);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  const auto table = std::make_unique<Table>();
  for (const bool wildcard : {false, true}) {
    const std::string what = wildcard ? "known_wildcard" : "known_exact";
    const auto add = [&](const std::string& name, Others others) {
      benchmark::RegisterBenchmark((name + "/" + what).c_str(),
                                   [&table, wildcard, others](benchmark::State& state) {
                                     known(state, *table, wildcard, others);
                                   });
    };
    add("quiet", Others::kNone);
    add("flood_read_only", Others::kRead);
    add("flood", Others::kLookedUp);
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
