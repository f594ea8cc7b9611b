// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace esc {

inline constexpr std::uint64_t kKiB = 1U << 10U;
inline constexpr std::uint64_t kMiB = 1U << 20U;
inline constexpr std::uint64_t kGiB = 1U << 30U;
inline constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

}  // namespace esc
