// SPDX-License-Identifier: BSD-3-Clause
// Whether events flow: set for all lcores by the main lcore.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/align.hpp"

namespace esc::control {

enum class Flow : std::uint8_t {
  kOpen,
  /// Dispatchers take nothing; ports are polled now and then, for duties of their own only.
  kPaused,
  kClosed,  ///< ports are not polled any more; what is inside is finished
};

/// On a cache line of its own. Writer: the main lcore. Readers: RX and dispatcher lcores, each
/// poll. Relaxed: nothing else is published with the value, and it does not matter if a reader sees
/// it one poll later.
class alignas(kCacheLineBytes) FlowBoard {
 public:
  void show(Flow flow) noexcept { flow_.store(flow, std::memory_order_relaxed); }
  [[nodiscard]] Flow read() const noexcept { return flow_.load(std::memory_order_relaxed); }

 private:
  std::atomic<Flow> flow_{Flow::kOpen};
};

}  // namespace esc::control
