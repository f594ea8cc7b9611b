// SPDX-License-Identifier: BSD-3-Clause
// Options of a command line, on top of CLI11, which accepts too much as a number or a text ("-1" as
// the largest number, "nan", an empty text).
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/number.hpp"
#include "cli/standard_output.hpp"

namespace esc::cli {

using Take = std::function<void(const std::string& text)>;

/// A text that is not empty. `take` may throw CLI::ValidationError(name, what is expected).
CLI::Option* add_text(CLI::App& app, const std::string& name, Take take, const std::string& help);
CLI::Option* add_text(CLI::App& app, const std::string& name, std::string& to,
                      const std::string& help);
/// An option with a text that may be given several times.
CLI::Option* add_texts(CLI::App& app, const std::string& name, std::vector<std::string>& to,
                       const std::string& help);
/// An option whose value is one of these words.
CLI::Option* add_choice(CLI::App& app, const std::string& name, Take take, const std::string& help,
                        std::vector<std::string> words);
CLI::Option* add_choice(CLI::App& app, const std::string& name, std::string& to,
                        const std::string& help, std::vector<std::string> words);
/// An option whose value is several of these words, separated by commas.
CLI::Option* add_choices(CLI::App& app, const std::string& name, std::vector<std::string>& to,
                         const std::string& help, std::vector<std::string> words);

CLI::Option* add_whole(CLI::App& app, const std::string& name,
                       std::function<void(std::uint64_t)> take, const std::string& help,
                       WholeRange range = {});
CLI::Option* add_real(CLI::App& app, const std::string& name, std::function<void(double)> take,
                      const std::string& help, RealRange range);

/// An option whose value is a number of the range that fits the type. Its help shows the present
/// value of `to`, unless that is 0.
template <std::unsigned_integral Number>
CLI::Option* add_number(CLI::App& app, const std::string& name, Number& to, const std::string& help,
                        WholeRange range = {}) {
  range.max = std::min(range.max, range_of<Number>().max);
  auto* const option = add_whole(
      app, name, [&to](std::uint64_t value) { to = static_cast<Number>(value); }, help, range);
  return to == 0 ? option : option->default_str(std::to_string(to));
}
template <std::unsigned_integral Number>
CLI::Option* add_number(CLI::App& app, const std::string& name, std::optional<Number>& to,
                        const std::string& help, WholeRange range = {}) {
  range.max = std::min(range.max, range_of<Number>().max);
  return add_whole(
      app, name, [&to](std::uint64_t value) { to = static_cast<Number>(value); }, help, range);
}
CLI::Option* add_number(CLI::App& app, const std::string& name, double& to, const std::string& help,
                        RealRange range);
CLI::Option* add_number(CLI::App& app, const std::string& name, std::optional<double>& to,
                        const std::string& help, RealRange range);

/// The range for a span of time in seconds.
inline constexpr RealRange kSeconds = {.min = 0.001, .max = 1e9};
inline constexpr RealRange kSecondsOrNone = {.min = 0, .max = 1e9};
inline constexpr RealRange kShare = {.min = 0, .max = 1};

enum class Parsed {
  kGoOn,
  kDone,   ///< help or version was printed
  kUsage,  ///< the command line is wrong, and a message was printed
};
/// Reads the command line.
[[nodiscard]] Parsed parse(CLI::App& app, int argc, const char* const* argv, StandardOutput& out);

}  // namespace esc::cli
