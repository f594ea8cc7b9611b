// SPDX-License-Identifier: BSD-3-Clause
// Gives events' mbufs back to their pools, in bulk.
#pragma once

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "event/event.hpp"
#include "event/poison.hpp"

namespace esc::event {

/// Collects references and returns them in bulk. One per stage; thread: that stage's lcore only.
/// Nothing stays in it between two polls: the stage calls flush() at the end of each.
///
/// A sole owner's mbuf goes straight back to its port's pool without a look at the mbuf: its header
/// was last written on the RX lcore, and fetching it here would cost a cache-line transfer per
/// event. References to any other mbuf are given back together if they come one after the other, as
/// those of one datagram's events do.
class Releaser {
 public:
  static constexpr std::size_t kBatch = 64;

  /// pools: for each port index, the pool its sole-owned mbufs came from. Not owned; outlives the
  /// Releaser.
  explicit Releaser(std::span<rte_mempool* const> pools) noexcept : pools_(pools) {}

  /// The events of several items at once; event_of(item) is an item's event. Quicker where they are
  /// sole owners of mbufs of one port.
  template <class Item, class EventOf>
  void release(std::span<const Item> items, EventOf&& event_of) noexcept {
    if (count_ == 0 && !items.empty()) port_ = event_of(items.front()).source.port();
    void** const batch = batch_.data() + count_;
    const std::size_t room = std::min(items.size(), kBatch - count_);
    const std::uint16_t port = port_;
    std::size_t i = 0;
    for (; i < room; ++i) {
      const Event& event = event_of(items[i]);
      if (!event.has(kSoleOwner) || event.source.port() != port) [[unlikely]]
        break;
      unpoison(event.mbuf);
      batch[i] = event.mbuf;
    }
    count_ += i;
    while (i < items.size()) {
      const Event& event = event_of(items[i]);
      if (event.has(kSoleOwner)) {
        release(event);
        ++i;
        continue;
      }
      const std::size_t begin = i;
      const std::size_t end = std::min(items.size(), begin + kBatch);
      do {
        ++i;
      } while (i < end && event_of(items[i]).mbuf == event.mbuf);
      release_shared(event.mbuf, i - begin);
    }
  }

  void release(const Event& event) noexcept {
    if (!event.has(kSoleOwner)) {
      release_shared(event.mbuf, 1);
      return;
    }
    const std::uint16_t port = event.source.port();
    if (port != port_ || count_ == kBatch) {
      flush();
      port_ = port;
    }
    unpoison(event.mbuf);
    batch_[count_++] = event.mbuf;
  }

  void flush() noexcept {
    flush_shared();
    if (count_ == 0) return;
    rte_mempool_put_bulk(pools_[port_], batch_.data(), static_cast<unsigned>(count_));
    count_ = 0;
  }

 private:
  /// `references`: at most kBatch.
  void release_shared(rte_mbuf* mbuf, std::size_t references) noexcept {
    if (mbuf != shared_ || references_ + references > kMaxReferences) {
      flush_shared();
      shared_ = mbuf;
    }
    references_ = static_cast<std::uint16_t>(references_ + references);
  }

  void flush_shared() noexcept {
    if (references_ == 0) return;
    free_segment(shared_, references_);
    references_ = 0;
  }

  /// Given back at once; fits into the mbuf's 16-bit reference count.
  static constexpr std::uint16_t kMaxReferences = 1024;

  std::span<rte_mempool* const> pools_;
  std::array<void*, kBatch> batch_{};
  std::size_t count_ = 0;
  std::uint16_t port_ = 0;
  std::uint16_t references_ = 0;  ///< to `shared_`, not yet given back
  rte_mbuf* shared_ = nullptr;
};

}  // namespace esc::event
