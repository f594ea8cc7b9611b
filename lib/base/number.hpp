// SPDX-License-Identifier: BSD-3-Clause
// Numbers that people, files and other programs write, read strictly. Every number that comes as
// text into a program of ours comes through here (tests/tidy/checks/numbers.py).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace esc {

/// The whole numbers that are taken, both ends included.
struct WholeRange {
  std::uint64_t min = 0;
  std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
};
/// All numbers that fit the type.
template <class Number>
[[nodiscard]] constexpr WholeRange range_of() noexcept {
  static_assert(std::numeric_limits<Number>::is_integer && !std::numeric_limits<Number>::is_signed);
  return {0, std::numeric_limits<Number>::max()};
}

/// The numbers that are taken, both ends included; both are finite.
struct RealRange {
  double min = 0;
  double max = 0;
};

/// The whole of `text` as a decimal number: digits and nothing else. nullopt: the text is not that
/// (it has a sign, a blank, no digit), or the number is out of the range.
[[nodiscard]] std::optional<std::uint64_t> parse_whole(std::string_view text,
                                                       WholeRange range = {}) noexcept;
/// The same of hexadecimal digits, without "0x".
[[nodiscard]] std::optional<std::uint64_t> parse_hex(std::string_view digits,
                                                     WholeRange range = {}) noexcept;
/// The whole of `text` as a decimal number: "12", "0.5", "1e6". nullopt: the text is not that (it
/// has a sign that no number of the range has, a blank, hexadecimal digits, or is "nan" or "inf"),
/// or the number is out of the range.
[[nodiscard]] std::optional<double> parse_real(std::string_view text, RealRange range) noexcept;

/// The decimal number that `text` begins with, behind blanks, as the kernel writes them: "  64 kB".
[[nodiscard]] std::optional<std::uint64_t> leading_whole(std::string_view text) noexcept;

/// Names the range in a message: "a whole number from 1 to 65535", "a number from 0.05 to 3600".
[[nodiscard]] std::string to_text(const WholeRange& range);
[[nodiscard]] std::string to_text(const RealRange& range);

}  // namespace esc
