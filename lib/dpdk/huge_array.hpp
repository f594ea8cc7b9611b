// SPDX-License-Identifier: BSD-3-Clause
// An array in EAL's memory: hugepages of a chosen NUMA node.
#pragma once

#include <rte_malloc.h>

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string>

#include "base/align.hpp"
#include "base/start_error.hpp"

namespace esc::dpdk {

/// Owns `count` default-constructed Ts, cache-line aligned, on NUMA node `socket` (SOCKET_ID_ANY
/// for any). For trivially destructible Ts: memory is given back, destructors do not run. Made and
/// destroyed on the main lcore, while EAL lives.
template <class T>
class HugeArray {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  HugeArray(const char* what, std::size_t count, int socket) {
    if (count == 0) return;
    memory_.reset(rte_zmalloc_socket(what, count * sizeof(T), kCacheLineBytes, socket));
    if (memory_ == nullptr) {
      throw StartError("no memory for " + std::string(what) + " (" +
                           std::to_string(count * sizeof(T) >> 10) + " KiB on NUMA node " +
                           std::to_string(socket) + ")",
                       "reserve more hugepages (deploy/reserve-hugepages), or lower the sizes of "
                       "rings and of what deduplication remembers");
    }
    span_ = {static_cast<T*>(memory_.get()), count};
    std::uninitialized_default_construct(span_.begin(), span_.end());
  }

  [[nodiscard]] std::span<T> span() const noexcept { return span_; }

 private:
  struct Free {
    void operator()(void* memory) const noexcept { rte_free(memory); }
  };
  std::unique_ptr<void, Free> memory_;
  std::span<T> span_;
};

}  // namespace esc::dpdk
