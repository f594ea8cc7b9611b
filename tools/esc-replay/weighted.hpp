// SPDX-License-Identifier: BSD-3-Clause
// Choosing an index by weight, and Zipf's law as such a choice.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "esc-replay/random.hpp"

namespace esc::replay {

/// Inverse of the cumulative weights by binary search.
class WeightedChoice {
 public:
  WeightedChoice() = default;
  /// At least one weight, all finite and not negative, their sum above zero.
  explicit WeightedChoice(std::span<const double> weights) {
    cumulative_.reserve(weights.size());
    double sum = 0;
    for (const double weight : weights) cumulative_.push_back(sum += weight);
  }

  [[nodiscard]] std::size_t draw(Random& random) const noexcept {
    const double point = random.unit() * cumulative_.back();
    const auto it = std::upper_bound(cumulative_.begin(), cumulative_.end(), point);
    const auto index = static_cast<std::size_t>(it - cumulative_.begin());
    return std::min(index, cumulative_.size() - 1);  // rounding may put the point on the very end
  }

  [[nodiscard]] std::size_t size() const noexcept { return cumulative_.size(); }

 private:
  std::vector<double> cumulative_;
};

/// Rank k = 1..count has weight 1 / k^exponent; the index drawn is k - 1. Exponent 0 is uniform.
[[nodiscard]] inline WeightedChoice zipf(std::size_t count, double exponent) {
  std::vector<double> weights(count);
  for (std::size_t i = 0; i < count; ++i) {
    weights[i] = std::pow(static_cast<double>(i + 1), -exponent);
  }
  return WeightedChoice(weights);
}

}  // namespace esc::replay
