// SPDX-License-Identifier: BSD-3-Clause
// Whether events flow: set for all lcores by the main lcore.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/align.hpp"

namespace esc::control {

enum class Flow : std::uint8_t {
  kOpen,
  kPaused,  ///< dispatchers take nothing, ports are polled for their own duties only
  kClosed,  ///< ports are not polled any more; what is inside is finished
};

/// On a cache line of its own. Writer: the main lcore. Readers: RX and dispatcher lcores, each
/// poll. Relaxed: the value is all there is to know; a poll more or less does not matter.
class alignas(kCacheLineBytes) FlowBoard {
 public:
  void show(Flow flow) noexcept { flow_.store(flow, std::memory_order_relaxed); }
  [[nodiscard]] Flow read() const noexcept { return flow_.load(std::memory_order_relaxed); }

 private:
  std::atomic<Flow> flow_{Flow::kOpen};
};

}  // namespace esc::control
