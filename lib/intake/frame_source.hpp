// SPDX-License-Identifier: BSD-3-Clause
// What the intake knows about where buffers come from.
#pragma once

#include <cstdint>

#include "event/event.hpp"
#include "wire/frame.hpp"

struct rte_mempool;

namespace esc::intake {

/// Constant once traffic flows; shared by all that receives from there, as the queues of a port.
/// Nothing is owned.
struct FrameSource {
  wire::FrameLimits limits;
  bool own_mbufs = true;  ///< received mbufs come from `pool`: they may go back to it as they are
  rte_mempool* pool = nullptr;        ///< for frames that span segments and fit one of its mbufs
  rte_mempool* jumbo_pool = nullptr;  ///< for those that do not; may be null
};

/// Who a burst of buffers comes from.
struct Origin {
  const FrameSource* from = nullptr;  ///< outlives the intake
  event::Source source;               ///< that its events carry
  std::uint32_t lane = 0;             ///< which gets its unnumbered events
};

}  // namespace esc::intake
