// SPDX-License-Identifier: BSD-3-Clause
// What the configuration's tests share: loading from text, problems as lines, a fake system tree.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.hpp"
#include "config/environment.hpp"
#include "support/tree.hpp"

namespace esc::config::test {

using Texts = std::vector<std::string>;

inline constexpr std::array<std::string_view, 3> kHandlers = {"count", "null", "fail"};

inline constexpr std::string_view kMinimal = R"([[port]]
device = "net_null0"
udp_ports = [9001]
[lcores]
rx = [0]
dispatch = 0
workers = [0]
[[route]]
topic = "a"
handler = "count"
)";

inline LoadResult load_it(std::string_view text, const Overrides& overrides = {}) {
  return load_text(text, "t.toml", overrides, kHandlers);
}

/// The problems as lines; empty when the text loads.
inline Texts problems(std::string_view text, const Overrides& overrides = {}) {
  const LoadResult result = load_it(text, overrides);
  Texts texts;
  if (const auto* found = std::get_if<std::vector<Problem>>(&result)) {
    for (const Problem& problem : *found) texts.push_back(topology::to_text(problem));
  }
  return texts;
}

inline Config loaded(std::string_view text, const Overrides& overrides = {}) {
  LoadResult result = load_it(text, overrides);
  if (auto* config = std::get_if<Config>(&result)) return std::move(*config);
  for (const std::string& line : problems(text, overrides)) ADD_FAILURE() << line;
  return {};
}

/// kMinimal with `--set` on top.
inline Texts set_problems(std::vector<std::string> set) {
  return problems(kMinimal, {.set = std::move(set), .eal_args = {}});
}
inline Config with_set(std::vector<std::string> set) {
  return loaded(kMinimal, {.set = std::move(set), .eal_args = {}});
}

using esc::test::Tree;

}  // namespace esc::config::test
