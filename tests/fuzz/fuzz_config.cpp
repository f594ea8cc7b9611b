// SPDX-License-Identifier: BSD-3-Clause
// Reads any bytes as a configuration, and the first line as the argument of --set. The
// configuration loads, or a bounded list of problems says what is wrong; no control character of
// the input gets into the problems.
//
// Input: the text of --set up to the first newline (none: no --set), then the file.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.hpp"
#include "config/reader.hpp"
#include "config/shape.hpp"
#include "config/text.hpp"

namespace {

using namespace esc::config;

constexpr std::array<std::string_view, 2> kHandlers = {"count", "null"};
constexpr std::size_t kMaxProblemBytes = 64 * 1024;

void require(bool condition) {
  if (!condition) std::abort();
}

void harmless(const std::string& text) {
  require(text.size() < kMaxProblemBytes);
  require(!has_control_character(text));
}

void judge(const std::vector<Problem>& problems) {
  require(!problems.empty() && problems.size() <= kMaxProblems + 1);
  for (const Problem& problem : problems) {
    harmless(problem.where);
    harmless(problem.what);
    harmless(problem.fix);
    require(!problem.what.empty() && !problem.fix.empty());
  }
}

void judge(const Config& config) {
  require(!config.ports.empty() && !config.lcores.rx.empty() && !config.lcores.workers.empty());
  for (const Problem& warning : config.warnings) harmless(warning.what);
  for (const RouteConfig& route : config.routes) {
    require(!route.topic.empty() && !has_control_character(route.topic));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  const std::string_view input(reinterpret_cast<const char*>(data), bytes);
  const std::size_t line = std::min(input.find('\n'), input.size());
  const std::string_view text = input.substr(std::min(line + 1, input.size()));
  Overrides overrides;
  if (line != 0) overrides.set.emplace_back(input.substr(0, line));
  const LoadResult first = load_text(text, "fuzz", overrides, kHandlers);
  if (const auto* problems = std::get_if<std::vector<Problem>>(&first)) {
    judge(*problems);
    // A text that is nested too deeply is refused before it is parsed, so that is the only problem.
    if (!shape_of(text).problem.empty()) require(problems->size() == 1);
  } else {
    require(shape_of(text).problem.empty());
    judge(std::get<Config>(first));
  }
  return 0;
}
