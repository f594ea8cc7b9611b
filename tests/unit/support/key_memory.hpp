// SPDX-License-Identifier: BSD-3-Clause
// A table of keys with memory of its own, and keys to put into it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <span>

#include "base/align.hpp"
#include "identity/keyed_table.hpp"

namespace esc::test {

/// 128 bits made from the number, different for each number.
[[nodiscard]] inline identity::KeyHash key_of(std::uint64_t number) {
  static const identity::KeyHasher hasher = [] {
    std::mt19937_64 random(20);
    identity::KeySecret secret;
    for (std::byte& byte : secret.for_bytes) byte = static_cast<std::byte>(random());
    for (std::uint64_t& word : secret.for_scope) word = random();
    return identity::KeyHasher(secret);
  }();
  return hasher({reinterpret_cast<const std::uint8_t*>(&number), sizeof number}, 1);
}

template <class Table>
class OwnedKeyedTable {
 public:
  using Bucket = typename Table::Bucket;

  /// A tick is one cycle unless `window_cycles` says otherwise.
  explicit OwnedKeyedTable(std::size_t buckets, std::uint64_t window_cycles = Table::kWindowTicks,
                           identity::KeyCallers callers = identity::KeyCallers::kMany)
      : memory_(
            static_cast<std::byte*>(std::aligned_alloc(kCacheLineBytes, buckets * sizeof(Bucket)))),
        buckets_(Table::buckets_in({memory_.get(), buckets * sizeof(Bucket)})),
        table_(buckets_, window_cycles, callers) {}

  [[nodiscard]] Table& operator*() noexcept { return table_; }
  [[nodiscard]] Table* operator->() noexcept { return &table_; }

  /// The number of slots that hold a key. No other thread may use the table.
  [[nodiscard]] std::size_t keys() const {
    std::size_t count = 0;
    for (const Bucket& bucket : buckets_) {
      for (const auto& slot : bucket.slots) {
        count += Table::Layout::tag_of(slot.word.load(std::memory_order_relaxed)) != 0 ? 1U : 0U;
      }
    }
    return count;
  }

 private:
  struct Free {
    void operator()(std::byte* memory) const noexcept { std::free(memory); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  std::span<Bucket> buckets_;
  Table table_;
};

}  // namespace esc::test
