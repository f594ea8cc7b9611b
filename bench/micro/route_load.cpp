// SPDX-License-Identifier: BSD-3-Clause
// From a configuration file with many routes to a set that can be asked, step by step: what the
// TOML library takes to read the text, what reading it and validating every route takes, and what
// building the set takes. The first is the floor under the second.
#include <benchmark/benchmark.h>
#include <toml++/toml.h>

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.hpp"
#include "route/route_set.hpp"
#include "route/topic_hasher.hpp"

namespace {

using namespace esc;

constexpr std::array<std::string_view, 1> kHandlers = {"count"};
constexpr std::array<std::string_view, 8> kWords = {"plant", "line", "unit", "press",
                                                    "rack",  "hall", "axis", "pump"};

std::string make_file(std::size_t exact, std::size_t wildcards) {
  std::mt19937_64 random(1);
  const auto word = [&] { return std::string(kWords[random() % kWords.size()]); };
  std::string text =
      "[[port]]\ndevice = \"net_null0\"\nudp_ports = [9001]\n"
      "[lcores]\nrx = [0]\ndispatch = 0\nworkers = [0]\n[limits]\nmax_routes = 1048576\n";
  for (std::size_t i = 0; i < exact + wildcards; ++i) {
    const std::string topic = i < exact ? word() + "/" + std::to_string(i) + "/" + word() + "/temp"
                                        : word() + "/" + std::to_string(i) + "/+/" + word() + "/#";
    text += "[[route]]\ntopic = \"" + topic + "\"\nhandler = \"count\"\n";
  }
  return text;
}

config::Config load(const std::string& text) {
  auto result = config::load_text(text, "bench.toml", {}, kHandlers);
  return std::move(std::get<config::Config>(result));
}

const std::string& file() {
  static const std::string text = make_file(100'000, 1'000);
  return text;
}

void toml_parse(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(toml::parse(file()));
}
BENCHMARK(toml_parse)->Unit(benchmark::kMillisecond);

void parse_and_validate(benchmark::State& state) {
  for (auto _ : state) {
    const config::Config config = load(file());
    if (config.routes.size() != 101'000) state.SkipWithError("the file did not load");
  }
}
BENCHMARK(parse_and_validate)->Unit(benchmark::kMillisecond);

void build(benchmark::State& state) {
  const config::Config config = load(file());
  const route::TopicHasher hasher(0x5eed);
  for (auto _ : state) {
    std::vector<route::RouteSpec> specs;
    for (const config::RouteConfig& one : config.routes) {
      specs.push_back({.topic = one.topic, .handler = 0});
    }
    const route::RouteSet routes(specs, hasher);
    if (routes.size() != config.routes.size()) state.SkipWithError("the set is not whole");
  }
}
BENCHMARK(build)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
