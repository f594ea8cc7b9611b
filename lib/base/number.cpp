// SPDX-License-Identifier: BSD-3-Clause
#include "base/number.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

namespace esc {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kBlanks = " \t";

std::optional<std::uint64_t> parse(std::string_view text, WholeRange range, int base) noexcept {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc{} || stop != end) return std::nullopt;
  if (value < range.min || value > range.max) return std::nullopt;
  return value;
}

std::string shortest(double value) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? std::string(text.data(), end) : std::string();
}

std::string number_text(double value) {
  constexpr double kExact = 9007199254740992;  // 2^53
  if (std::abs(value) > kExact || value != std::floor(value)) return shortest(value);
  return std::to_string(static_cast<std::int64_t>(value));
}

}  // namespace

std::optional<std::uint64_t> parse_whole(std::string_view text, WholeRange range) noexcept {
  return parse(text, range, 10);
}

std::optional<std::uint64_t> parse_hex(std::string_view digits, WholeRange range) noexcept {
  return parse(digits, range, 16);
}

std::optional<double> parse_real(std::string_view text, RealRange range) noexcept {
  // No letter but that of an exponent: std::from_chars reads "inf" and "nan" too.
  if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
  if (text.starts_with('-') && range.min >= 0) return std::nullopt;
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  if (!(value >= range.min && value <= range.max)) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> leading_whole(std::string_view text) noexcept {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return std::nullopt;
  text.remove_prefix(begin);
  return parse_whole(text.substr(0, text.find_first_not_of(kDigits)));
}

std::string to_text(const WholeRange& range) {
  return "a whole number from " + std::to_string(range.min) + " to " + std::to_string(range.max);
}

std::string to_text(const RealRange& range) {
  return "a number from " + number_text(range.min) + " to " + number_text(range.max);
}

}  // namespace esc
