// SPDX-License-Identifier: BSD-3-Clause
// Distributions of whole numbers as the command line writes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/number.hpp"
#include "esc-replay/random.hpp"
#include "esc-replay/weighted.hpp"

namespace esc::replay {

/// The text is one of
///   - "64": always 64
///   - "64-512" or "uniform:64-512": uniform
///   - "10:90,200-255:10": weighted; 10 for 90 of 100 draws, else uniform in 200-255
///   - "normal:300,50": mean 300, standard deviation 50, rounded; draws stay within 6 deviations
///   - "imix": 64:7,576:4,1200:1
class Distribution {
 public:
  /// `what` is the option's name, for the message; values must lie in [lowest, highest]. Throws
  /// Error (usage).
  static Distribution parse(std::string_view what, std::string_view text, std::uint64_t lowest,
                            std::uint64_t highest);

  [[nodiscard]] std::uint64_t draw(Random& random) const noexcept;

  [[nodiscard]] std::uint64_t lowest() const noexcept { return lowest_; }
  [[nodiscard]] std::uint64_t highest() const noexcept { return highest_; }

 private:
  struct Range {
    std::uint64_t low;
    std::uint64_t high;
  };

  std::vector<Range> ranges_;  ///< empty: normal
  WeightedChoice choice_;
  double mean_ = 0;
  double deviation_ = 0;
  std::uint64_t lowest_ = 0;
  std::uint64_t highest_ = 0;
};

/// A list of the parts of `text` between `separator`s.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
/// Whole text as a number; throws Error (usage) that names `what`, the text and the range.
[[nodiscard]] std::uint64_t whole_of(std::string_view what, std::string_view text,
                                     WholeRange range = {});
[[nodiscard]] double real_of(std::string_view what, std::string_view text, RealRange range);

}  // namespace esc::replay
