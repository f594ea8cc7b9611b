// SPDX-License-Identifier: BSD-3-Clause
// How far explorations go, and how they are reported.
#pragma once

#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "support/explorer.hpp"
#include "support/sanitizers.hpp"

namespace esc::explorer {

// The explorer finds races by itself and runs in one thread: sanitizers only check its own code, on
// fewer schedules.
#if defined(ESC_UNDER_TSAN)
inline constexpr unsigned kLess = 2;
#elif defined(ESC_UNDER_ASAN)
inline constexpr unsigned kLess = 1;
#else
inline constexpr unsigned kLess = 0;
#endif
[[nodiscard]] constexpr unsigned lessened(unsigned bound) {
  return bound > kLess ? bound - kLess : 1;
}

/// Sequentially consistent interleavings.
inline Bounds interleavings(unsigned preemptions) {
  return {.preemptions = lessened(preemptions)};
}
/// Those, and in each up to `stale_reads` loads that return an older store than the newest.
inline Bounds with_stale_reads(unsigned preemptions, unsigned stale_reads) {
  return {.preemptions = lessened(preemptions), .stale_reads = lessened(stale_reads)};
}

inline void report(const char* what, const Bounds& bounds, const Result& result) {
  std::cout << "[ explored ] " << what << ": " << result.schedules << " schedules, up to "
            << bounds.preemptions << " preemptions and " << bounds.stale_reads << " stale reads\n";
  testing::Test::RecordProperty(std::string("schedules_") + what, std::to_string(result.schedules));
}

}  // namespace esc::explorer
