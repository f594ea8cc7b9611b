// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/distribution.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "esc-replay/error.hpp"

namespace esc::replay {
namespace {

constexpr double kNormalReach =
    6;  // deviations from the mean; two draws in a thousand million lie beyond
constexpr double kMostReal = 1e15;     // far below where a double leaves whole numbers out
constexpr double kLeastWeight = 1e-9;  // one in a thousand million draws
constexpr std::string_view kImix = "64:7,576:4,1200:1";

[[noreturn]] void refuse(std::string_view what, std::string_view text, const std::string& why) {
  throw usage_error(std::string(what) + " '" + std::string(text) + "': " + why);
}

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::uint64_t whole_of(std::string_view what, std::string_view text, WholeRange range) {
  const auto value = parse_whole(text, range);
  if (!value) refuse(what, text, "give " + to_text(range));
  return *value;
}

double real_of(std::string_view what, std::string_view text, RealRange range) {
  const auto value = parse_real(text, range);
  if (!value) refuse(what, text, "give " + to_text(range));
  return *value;
}

Distribution Distribution::parse(std::string_view what, std::string_view text, std::uint64_t lowest,
                                 std::uint64_t highest) {
  Distribution result;
  result.lowest_ = lowest;
  result.highest_ = highest;
  std::string_view rest = text;
  if (rest.starts_with("normal:")) {
    const auto parts = split(rest.substr(7), ',');
    if (parts.size() != 2) refuse(what, text, "expected normal:MEAN,DEVIATION");
    result.mean_ = real_of(what, parts[0], {-kMostReal, kMostReal});
    result.deviation_ = real_of(what, parts[1], {0, kMostReal});
    const auto low = static_cast<double>(lowest);
    const auto high = static_cast<double>(highest);
    const double reach = kNormalReach * result.deviation_;
    result.lowest_ = static_cast<std::uint64_t>(std::clamp(result.mean_ - reach, low, high));
    result.highest_ = static_cast<std::uint64_t>(std::clamp(result.mean_ + reach, low, high));
    return result;
  }
  if (rest == "imix") rest = kImix;
  if (rest.starts_with("uniform:")) rest.remove_prefix(8);

  std::vector<double> weights;
  for (const std::string_view entry : split(rest, ',')) {
    const auto halves = split(entry, ':');
    const auto ends = split(halves[0], '-');
    if (halves.size() > 2 || ends.size() > 2) {
      refuse(
          what, text,
          "expected N, LOW-HIGH, a list N:WEIGHT,LOW-HIGH:WEIGHT, normal:MEAN,DEVIATION or imix");
    }
    const WholeRange bounds{lowest, highest};
    const Range range{whole_of(what, ends.front(), bounds), whole_of(what, ends.back(), bounds)};
    if (range.low > range.high) refuse(what, text, "the range is upside down");
    const double weight =
        halves.size() == 2 ? real_of(what, halves[1], {kLeastWeight, kMostReal}) : 1.0;
    result.ranges_.push_back(range);
    weights.push_back(weight);
  }
  result.choice_ = WeightedChoice(weights);
  result.lowest_ = std::ranges::min(result.ranges_, {}, &Range::low).low;
  result.highest_ = std::ranges::max(result.ranges_, {}, &Range::high).high;
  return result;
}

std::uint64_t Distribution::draw(Random& random) const noexcept {
  if (!ranges_.empty()) {
    const Range& range = ranges_[ranges_.size() == 1 ? 0 : choice_.draw(random)];
    return range.low == range.high ? range.low : random.between(range.low, range.high);
  }
  // Box and Muller (1958); 1 - unit() is never 0.
  const double radius = std::sqrt(-2.0 * std::log(1.0 - random.unit()));
  const double value =
      mean_ + deviation_ * radius * std::cos(2.0 * std::numbers::pi * random.unit());
  if (value <= static_cast<double>(lowest_)) return lowest_;
  if (value >= static_cast<double>(highest_)) return highest_;
  return static_cast<std::uint64_t>(std::llround(value));
}

}  // namespace esc::replay
