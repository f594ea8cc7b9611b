#include "esc-replay/distribution.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

#include "esc-replay/error.hpp"

namespace esc::replay {
namespace {

constexpr double kNormalReach =
    6;  // deviations from the mean: beyond lie two draws in a thousand million
constexpr std::string_view kImix = "64:7,576:4,1200:1";

[[noreturn]] void refuse(std::string_view what, std::string_view text, const std::string& why) {
  throw usage_error(std::string(what) + " '" + std::string(text) + "': " + why);
}

template <class Number>
Number parse_number(std::string_view what, std::string_view text, const char* kind) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) refuse(what, text, std::string("not ") + kind);
  return value;
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

std::uint64_t parse_whole(std::string_view what, std::string_view text) {
  return parse_number<std::uint64_t>(what, text, "a whole number");
}

double parse_real(std::string_view what, std::string_view text) {
  const auto value = parse_number<double>(what, text, "a number");
  if (!std::isfinite(value)) refuse(what, text, "not a finite number");
  return value;
}

double parse_share(std::string_view what, std::string_view text) {
  const double share = parse_real(what, text);
  if (share < 0 || share > 1) refuse(what, text, "a share lies between 0 and 1");
  return share;
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
    result.mean_ = parse_real(what, parts[0]);
    result.deviation_ = parse_real(what, parts[1]);
    if (result.deviation_ < 0) refuse(what, text, "the deviation is negative");
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
    const Range range{parse_whole(what, ends.front()), parse_whole(what, ends.back())};
    if (range.low > range.high) refuse(what, text, "the range is upside down");
    if (range.low < lowest || range.high > highest) {
      refuse(what, text,
             "values lie between " + std::to_string(lowest) + " and " + std::to_string(highest));
    }
    const double weight = halves.size() == 2 ? parse_real(what, halves[1]) : 1.0;
    if (weight <= 0) refuse(what, text, "a weight is above 0");
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
