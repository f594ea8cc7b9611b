// SPDX-License-Identifier: BSD-3-Clause
// Finding the route of a topic, and hashing the topic, beside rte_hash and std::unordered_map.
//
// One iteration looks up a batch of topics, drawn beforehand, that stands in one block of memory as
// frames stand in mbufs; time/topic is the figure. Topics have 12 to 31 bytes and differ early and
// late. find/* is what the dispatcher pays: it carries the hash along. hash_and_find/* adds the
// hashing, which the RX lcore pays, and is what compares with tables that hash by themselves.
#include <benchmark/benchmark.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
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

constexpr std::size_t kBatch = 16384;
constexpr std::size_t kBurst = 64;
constexpr std::size_t kKeyBytes = 32;  // rte_hash takes keys of one length: topics, padded with 0
static_assert(kBatch % kBurst == 0 && kBurst <= RTE_HASH_LOOKUP_BULK_MAX);

// ---- what is looked up

std::vector<std::string> make_topics(std::size_t count) {
  static constexpr std::array<const char*, 8> kWords = {"plant", "line", "unit", "press",
                                                        "rack",  "hall", "axis", "pump"};
  std::mt19937_64 random(1);
  std::vector<std::string> topics;
  for (std::size_t i = 0; i < count; ++i) {
    std::string topic = std::string(kWords[random() % kWords.size()]) + "/" + std::to_string(i);
    const std::size_t bytes = 12 + random() % 20;
    while (topic.size() < bytes) {
      topic += topic.size() + 6 < bytes ? std::string("/") + kWords[random() % kWords.size()]
                                        : std::string(1, static_cast<char>('a' + random() % 26));
    }
    topic.resize(bytes);
    topics.push_back(std::move(topic));
  }
  return topics;
}

/// Cumulative weights of count ranks: 1 / (rank + 1) ^ exponent. 0 is uniform.
std::vector<double> cumulated_weights(std::size_t count, double exponent) {
  std::vector<double> weights(count);
  double sum = 0;
  for (std::size_t rank = 0; rank < count; ++rank) {
    sum += std::pow(static_cast<double>(rank + 1), -exponent);
    weights[rank] = sum;
  }
  return weights;
}

/// The topics of a table, and a batch of them as it would arrive.
struct Traffic {
  Traffic(std::size_t topic_count, bool zipf) : topics(make_topics(topic_count)) {
    std::mt19937_64 random(2);
    // Ranks are spread over the table: the most frequent are no neighbours.
    std::vector<std::size_t> by_rank(topic_count);
    for (std::size_t i = 0; i < topic_count; ++i) by_rank[i] = i;
    std::shuffle(by_rank.begin(), by_rank.end(), random);
    const std::vector<double> weights = cumulated_weights(topic_count, zipf ? 1.0 : 0.0);
    std::uniform_real_distribution<double> point(0, weights.back());
    for (std::size_t i = 0; i < kBatch; ++i) {
      const auto at = std::upper_bound(weights.begin(), weights.end() - 1, point(random));
      drawn.push_back(by_rank[static_cast<std::size_t>(at - weights.begin())]);
    }
    bytes.resize(kBatch * kKeyBytes);
    for (std::size_t i = 0; i < kBatch; ++i) {
      const std::string& topic = topics[drawn[i]];
      std::copy(topic.begin(), topic.end(), bytes.data() + i * kKeyBytes);
      arriving.push_back({bytes.data() + i * kKeyBytes, topic.size()});
    }
  }

  std::vector<std::string> topics;
  std::vector<std::size_t> drawn;
  std::vector<std::uint8_t> bytes;  ///< kKeyBytes for each of the batch, padded with 0
  std::vector<Topic> arriving;      ///< into bytes
};

void per_topic(benchmark::State& state) {
  const auto topics = static_cast<double>(state.iterations()) * static_cast<double>(kBatch);
  state.SetItemsProcessed(static_cast<std::int64_t>(topics));
  state.counters["time/topic"] =
      benchmark::Counter(topics, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/// Sum of what lookups must find, so that a table that errs is not taken for a fast one.
void check(benchmark::State& state, const Traffic& traffic, std::uint64_t found) {
  std::uint64_t expected = 0;
  for (const std::size_t topic : traffic.drawn) expected += topic;
  if (found != expected) state.SkipWithError("a lookup found the wrong topic");
}

// ---- ours

struct OurTable {
  explicit OurTable(const Traffic& traffic) : hasher(0x5eed), routes(specs(traffic), hasher) {
    for (const Topic topic : traffic.arriving) hashes.push_back(hasher(topic));
  }
  static std::vector<RouteSpec> specs(const Traffic& traffic) {
    std::vector<RouteSpec> specs;
    for (const std::string& topic : traffic.topics) specs.push_back({.topic = topic});
    return specs;
  }

  TopicHasher hasher;
  RouteSet routes;
  std::vector<std::uint64_t> hashes;
};

void find(benchmark::State& state, const Traffic& traffic) {
  const OurTable table(traffic);
  std::uint64_t sum = 0;
  for (auto _ : state) {
    sum = 0;
    for (std::size_t i = 0; i < kBatch; ++i) {
      sum += table.routes.find(table.hashes[i], traffic.arriving[i]);
    }
    benchmark::DoNotOptimize(sum);
  }
  check(state, traffic, sum);
  per_topic(state);
}

void find_cached(benchmark::State& state, const Traffic& traffic,
                 const std::vector<RouteSpec>& specs) {
  const TopicHasher hasher(0x5eed);
  const RouteSet routes(specs, hasher);
  std::vector<TopicCache::Set> sets(TopicCache::sets_for(TopicCache::kDefaultTopics));
  std::vector<TopicCache::TopicBytes> room(sets.size() * TopicCache::kWays);
  TopicCache cache({sets, room});
  std::vector<std::uint64_t> hashes;
  for (const Topic topic : traffic.arriving) hashes.push_back(hasher(topic));
  std::uint64_t sum = 0;
  for (auto _ : state) {
    sum = 0;
    for (std::size_t i = 0; i < kBatch; ++i) {
      sum += cache.find(routes, hashes[i], traffic.arriving[i]);
    }
    benchmark::DoNotOptimize(sum);
  }
  check(state, traffic, sum);
  per_topic(state);
}

/// 64 hot topics of a set with 100,000 exact routes and 1,000 patterns, asked through the cache.
/// Beside find/zipf/64, the same topics in a set of their own.
void find_hot_of_many(benchmark::State& state, const Traffic& traffic) {
  std::vector<RouteSpec> specs = OurTable::specs(traffic);
  for (std::size_t i = specs.size(); i < 100'000; ++i) {
    specs.push_back({.topic = "more/" + std::to_string(i) + "/temperature"});
  }
  for (std::size_t i = 0; i < 1'000; ++i) {
    specs.push_back({.topic = "w" + std::to_string(i) + "/+/temperature"});
  }
  find_cached(state, traffic, specs);
}

/// The same, but it is patterns that match the 64 topics, one each.
void find_hot_by_pattern(benchmark::State& state, const Traffic& traffic) {
  std::vector<RouteSpec> specs;
  for (const std::string& topic : traffic.topics) specs.push_back({.topic = topic + "/#"});
  for (std::size_t i = specs.size(); i < 1'000; ++i) {
    specs.push_back({.topic = "w" + std::to_string(i) + "/+/temperature"});
  }
  for (std::size_t i = 0; i < 100'000; ++i) {
    specs.push_back({.topic = "more/" + std::to_string(i) + "/temperature"});
  }
  find_cached(state, traffic, specs);
}

void hash_and_find(benchmark::State& state, const Traffic& traffic) {
  const OurTable table(traffic);
  std::uint64_t sum = 0;
  for (auto _ : state) {
    sum = 0;
    for (const Topic topic : traffic.arriving) sum += table.routes.find(table.hasher(topic), topic);
    benchmark::DoNotOptimize(sum);
  }
  check(state, traffic, sum);
  per_topic(state);
}

// ---- std::unordered_map

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};

void unordered_map(benchmark::State& state, const Traffic& traffic) {
  std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> map;
  for (const std::string& topic : traffic.topics) {
    map.emplace(topic, static_cast<std::uint32_t>(map.size()));
  }
  std::uint64_t sum = 0;
  for (auto _ : state) {
    sum = 0;
    for (const Topic topic : traffic.arriving) {
      const std::string_view text(reinterpret_cast<const char*>(topic.data()), topic.size());
      sum += map.find(text)->second;
    }
    benchmark::DoNotOptimize(sum);
  }
  check(state, traffic, sum);
  per_topic(state);
}

// ---- rte_hash

struct FreeTable {
  void operator()(rte_hash* table) const noexcept { rte_hash_free(table); }
};

/// Positions of an rte_hash need not be those of insertion: place[position] is the topic.
struct DpdkTable {
  explicit DpdkTable(const Traffic& traffic) {
    static unsigned made = 0;
    const std::string name = "topics" + std::to_string(made++);
    rte_hash_parameters parameters{};
    parameters.name = name.c_str();
    parameters.entries = static_cast<std::uint32_t>(traffic.topics.size() * 2);
    parameters.key_len = kKeyBytes;
    parameters.hash_func = rte_hash_crc;
    table.reset(rte_hash_create(&parameters));
    if (!table) return;
    for (std::size_t i = 0; i < traffic.topics.size(); ++i) {
      std::array<std::uint8_t, kKeyBytes> key{};
      std::copy(traffic.topics[i].begin(), traffic.topics[i].end(), key.begin());
      const std::int32_t at = rte_hash_add_key(table.get(), key.data());
      if (at < 0) {
        table.reset();
        return;
      }
      if (place.size() <= static_cast<std::size_t>(at))
        place.resize(static_cast<std::size_t>(at) + 1);
      place[static_cast<std::size_t>(at)] = i;
    }
    for (const Topic topic : traffic.arriving) keys.push_back(topic.data());
  }

  std::unique_ptr<rte_hash, FreeTable> table;
  std::vector<std::uint64_t> place;
  std::vector<const void*> keys;
};

void rte_hash_single(benchmark::State& state, const Traffic& traffic) {
  const DpdkTable dpdk(traffic);
  if (!dpdk.table) return state.SkipWithError("rte_hash could not be made");
  std::uint64_t sum = 0;
  for (auto _ : state) {
    sum = 0;
    for (const void* key : dpdk.keys) {
      sum += dpdk.place[static_cast<std::size_t>(rte_hash_lookup(dpdk.table.get(), key))];
    }
    benchmark::DoNotOptimize(sum);
  }
  check(state, traffic, sum);
  per_topic(state);
}

void rte_hash_bulk(benchmark::State& state, const Traffic& traffic) {
  DpdkTable dpdk(traffic);
  if (!dpdk.table) return state.SkipWithError("rte_hash could not be made");
  std::uint64_t sum = 0;
  for (auto _ : state) {
    sum = 0;
    std::array<std::int32_t, kBurst> positions{};
    for (std::size_t i = 0; i < kBatch; i += kBurst) {
      rte_hash_lookup_bulk(dpdk.table.get(), dpdk.keys.data() + i, kBurst, positions.data());
      for (const std::int32_t at : positions) sum += dpdk.place[static_cast<std::size_t>(at)];
    }
    benchmark::DoNotOptimize(sum);
  }
  check(state, traffic, sum);
  per_topic(state);
}

// ---- hashing alone

template <class Hash>
void hash_only(benchmark::State& state, const Traffic& traffic, const Hash& hash) {
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (const Topic topic : traffic.arriving) sum += hash(topic);
    benchmark::DoNotOptimize(sum);
  }
  per_topic(state);
}

std::uint64_t crc_hash(Topic topic) {
  return rte_hash_crc(topic.data(), static_cast<std::uint32_t>(topic.size()), 0);
}

std::uint64_t standard_hash(Topic topic) {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(topic.data()), topic.size()});
}

// ---- all of them

void add_lookups(std::size_t topics, bool zipf) {
  const std::string on =
      "/" + std::string(zipf ? "zipf" : "uniform") + "/" + std::to_string(topics);
  const auto traffic = std::make_shared<const Traffic>(topics, zipf);
  const auto add = [&](const char* name, auto* lookup) {
    benchmark::RegisterBenchmark((name + on).c_str(), [traffic, lookup](benchmark::State& state) {
      lookup(state, *traffic);
    });
  };
  add("find", &find);
  if (topics == 64) {
    add("find_hot_of_many", &find_hot_of_many);
    add("find_hot_by_pattern", &find_hot_by_pattern);
  }
  add("hash_and_find", &hash_and_find);
  add("rte_hash_bulk", &rte_hash_bulk);
  add("rte_hash_single", &rte_hash_single);
  add("unordered_map", &unordered_map);
}

void add_hashes() {
  const auto traffic = std::make_shared<const Traffic>(64, false);
  const auto add = [&](const char* name, auto hash) {
    benchmark::RegisterBenchmark(
        name, [traffic, hash](benchmark::State& state) { hash_only(state, *traffic, hash); });
  };
  add("hash/topic_hasher", TopicHasher(0x5eed));
  add("hash/rte_hash_crc", &crc_hash);
  add("hash/std_hash", &standard_hash);
}

/// On ordinary pages, touching nothing of the machine: rte_hash needs EAL's memory, no more.
bool start_eal() {
  std::array<std::string, 11> words = {
      "topic_lookup",   "--no-huge", "--no-shconf", "-m",          "256",    "--no-pci",
      "--no-telemetry", "--lcores",  "0",           "--log-level", "*:error"};
  const std::string cpu = std::to_string(sched_getcpu());
  words[8] = "0@" + cpu;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  return rte_eal_init(static_cast<int>(arguments.size()), arguments.data()) >= 0;
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  if (!start_eal()) {
    std::fprintf(stderr, "EAL did not start: %s\n", rte_strerror(rte_errno));
    return 1;
  }
  for (const bool zipf : {true, false}) {
    for (const std::size_t topics : {64u, 4096u, 100000u}) add_lookups(topics, zipf);
  }
  add_hashes();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  rte_eal_cleanup();
  return 0;
}
