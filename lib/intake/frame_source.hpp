// SPDX-License-Identifier: BSD-3-Clause
// What the intake knows about where buffers come from.
#pragma once

#include <cstdint>

#include "event/event.hpp"
#include "wire/frame.hpp"

struct rte_mempool;

namespace esc::intake {

/// Constant once traffic flows. All that receive from one source share it, for example the queues
/// of a port. Nothing is owned.
struct FrameSource {
  wire::FrameLimits limits;
  bool own_mbufs = true;  ///< received mbufs come from `pool`: they may go back to it as they are
  /// Gives the mbufs into which frames that span segments are copied.
  rte_mempool* pool = nullptr;
  /// The same for frames that do not fit an mbuf of `pool`; may be null.
  rte_mempool* jumbo_pool = nullptr;
};

/// Where a burst of buffers comes from.
struct Origin {
  const FrameSource* from = nullptr;  ///< outlives the intake
  event::Source source;               ///< what its events carry as their source
  std::uint32_t lane = 0;             ///< the lane that gets its events without a number
};

}  // namespace esc::intake
