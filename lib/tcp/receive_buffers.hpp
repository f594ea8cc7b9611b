// SPDX-License-Identifier: BSD-3-Clause
// The receive buffers of a TCP role, shared out among its connections.
#pragma once

#include <rte_mbuf.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "event/poison.hpp"

namespace esc::tcp {

/// A connection gets its first buffer for the asking, as long as the pool has as many as there are
/// connections. What the role has beyond that is shared: a connection that has n of them gets one
/// more while more than n are free (the dynamic threshold of A. Choudhury and E. Hahne, "Dynamic
/// queue length thresholds for shared-memory packet switches", 1998, with a factor of 1). So
/// connections whose events do not move on cannot take what the others need, however many they are.
///
/// A buffer counts as the connection's until the last event that points into it has ended. Thread:
/// the TCP role's lcore.
class ReceiveBuffers {
 public:
  /// The most that one connection has at a time.
  static constexpr unsigned kMostOfOne = 8;

  struct Limits {
    std::size_t slots = 0;    ///< of connections
    std::size_t buffers = 0;  ///< of the pool, for this role
  };
  /// `pool`: not owned.
  ReceiveBuffers(rte_mempool* pool, const Limits& limits)
      : pool_(pool),
        extra_(limits.buffers - std::min(limits.buffers, limits.slots)),
        owned_(limits.slots),
        lent_(std::bit_ceil(std::max<std::size_t>(limits.buffers, 1))),
        mask_(lent_.size() - 1) {}
  ReceiveBuffers(ReceiveBuffers&&) = default;
  ReceiveBuffers& operator=(ReceiveBuffers&&) = delete;

  /// Gives the lent buffers back to the pool, whoever still has references to them.
  ~ReceiveBuffers() {
    while (head_ != tail_) event::free_segment(lent_[head_++ & mask_].mbuf);
  }

  /// An empty buffer for the connection in this slot, with one reference. Null: the pool is dry, or
  /// the connection has its share.
  [[nodiscard]] rte_mbuf* take(std::uint32_t slot) noexcept {
    const std::size_t own = owned_[slot];
    // Of `own` buffers the first one is none of the shared ones.
    if (own == kMostOfOne || (own != 0 && own - 1 >= free_extra())) return nullptr;
    if (tail_ - head_ + in_hand_ == lent_.size()) return nullptr;
    rte_mbuf* const buffer = rte_pktmbuf_alloc(pool_);
    if (buffer == nullptr) return nullptr;
    if (own != 0) ++extra_used_;
    ++owned_[slot];
    ++in_hand_;
    return buffer;
  }

  /// The connection needs the buffer no more; events may still point into it.
  void give(std::uint32_t slot, rte_mbuf* buffer) noexcept {
    --in_hand_;
    if (event::has_all_references(buffer)) {
      free(slot, buffer);
    } else {
      lent_[tail_++ & mask_] = {buffer, slot};
    }
  }

  /// Looks at up to `most` of the buffers that were given while events pointed into them, and frees
  /// those that no event points into any more.
  void reclaim(unsigned most) noexcept {
    for (; most != 0 && head_ != tail_; --most) {
      const Lent oldest = lent_[head_++ & mask_];
      if (event::has_all_references(oldest.mbuf)) {
        free(oldest.slot, oldest.mbuf);
      } else {
        lent_[tail_++ & mask_] = oldest;
      }
    }
  }

  /// How many buffers the connection in this slot has, those of earlier ones in it included.
  [[nodiscard]] unsigned owned(std::uint32_t slot) const noexcept { return owned_[slot]; }

 private:
  struct Lent {
    rte_mbuf* mbuf = nullptr;
    std::uint32_t slot = 0;
  };

  [[nodiscard]] std::size_t free_extra() const noexcept {
    return extra_ - std::min(extra_, extra_used_);
  }
  void free(std::uint32_t slot, rte_mbuf* buffer) noexcept {
    event::free_segment(buffer);
    if (--owned_[slot] != 0) --extra_used_;
  }

  rte_mempool* pool_;
  std::size_t extra_;
  std::size_t extra_used_ = 0;  ///< buffers beyond each connection's first
  std::size_t in_hand_ = 0;     ///< taken, and not given
  std::vector<std::uint8_t> owned_;
  std::vector<Lent> lent_;  ///< a ring, oldest first
  std::size_t mask_;
  std::size_t head_ = 0;  ///< free-running, like tail_
  std::size_t tail_ = 0;
};

}  // namespace esc::tcp
