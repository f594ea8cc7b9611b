// SPDX-License-Identifier: BSD-3-Clause
// Says which pipeline owns a producer's window.
#pragma once

#include <cstdint>

#include "base/mix.hpp"

namespace esc::identity {

/// It gives the same answer on every lcore, so each window has one owner. The answer depends on a
/// secret, so that no sender can choose producers that all go to one pipeline. Copyable; any
/// thread.
class ProducerOwner {
 public:
  ProducerOwner(std::uint64_t seed, std::uint32_t pipelines) noexcept
      : seed_(seed), pipelines_(pipelines) {}

  /// 0 .. pipelines - 1.
  [[nodiscard]] std::uint32_t operator()(std::uint64_t producer) const noexcept {
    // D. Lemire's multiply-shift. Producers are often numbered one after the other: with a seeded
    // product alone, 17.5 % of starts left one of three pipelines without any of 49 producers.
    return static_cast<std::uint32_t>(((mixed(producer ^ seed_) >> 32U) * pipelines_) >> 32U);
  }

 private:
  std::uint64_t seed_;
  std::uint32_t pipelines_;
};

}  // namespace esc::identity
