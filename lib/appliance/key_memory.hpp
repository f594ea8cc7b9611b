// SPDX-License-Identifier: BSD-3-Clause
// The table of keys, for events without a number and for replayed dead letters. All pipelines share
// it. Also says how far back it reaches.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "dispatch/key_store.hpp"
#include "dpdk/huge_array.hpp"
#include "identity/key_hasher.hpp"
#include "identity/key_shortage.hpp"
#include "identity/keyed_table.hpp"

namespace esc::appliance {

/// Made on the main lcore before the lcores run, and outlives them.
class KeyMemory {
 public:
  /// For the dispatchers of so many pipelines.
  KeyMemory(std::uint64_t bytes, std::uint64_t window_s, int socket, std::size_t pipelines);

  [[nodiscard]] dispatch::KeyStore store() noexcept { return {&table_, &hasher_}; }
  [[nodiscard]] std::size_t bytes() const noexcept { return buckets_.span().size_bytes(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return table_.capacity(); }
  [[nodiscard]] double window_s() const noexcept { return window_s_; }
  /// How far back the table reached at the last watch(), in seconds. Any thread.
  [[nodiscard]] double effective_window_s() const noexcept {
    return effective_window_s_.load(std::memory_order_relaxed);
  }

  /// `totals`: the counts of all pipelines. Any thread.
  [[nodiscard]] identity::KeyedFill fill(const identity::KeyedTotals& totals) const noexcept;

  /// Called now and then, with the counts of all pipelines. Returns true if keys have begun to be
  /// forgotten early, or no longer are. Main lcore.
  [[nodiscard]] bool watch(const identity::KeyedTotals& totals, std::uint64_t now) noexcept;
  [[nodiscard]] bool is_short() const noexcept { return shortage_.is_short(); }

 private:
  dpdk::HugeArray<identity::KeyedTable::Bucket> buckets_;
  identity::KeyedTable table_;
  identity::KeyHasher hasher_;
  double window_s_;
  std::atomic<double> effective_window_s_;  ///< relaxed: nothing else is published with it
  identity::EffectiveWindow effective_;
  identity::KeyShortage shortage_;
};

}  // namespace esc::appliance
