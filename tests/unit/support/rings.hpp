// SPDX-License-Identifier: BSD-3-Clause
// Rings with memory of their own.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>

#include "base/align.hpp"
#include "event/event.hpp"
#include "ring/mpsc_ring.hpp"
#include "ring/spsc_ring.hpp"

namespace esc::test {

using IngestRing = ring::MpscRing<event::Event>;
using WorkerRing = ring::SpscRing<event::WorkItem>;

template <class Ring>
class OwnedRing {
 public:
  explicit OwnedRing(std::size_t capacity)
      : memory_(static_cast<std::byte*>(
            std::aligned_alloc(kCacheLineBytes, Ring::bytes_for(capacity)))),
        ring_(make({memory_.get(), Ring::bytes_for(capacity)})) {}

  [[nodiscard]] Ring& operator*() noexcept { return *ring_; }
  [[nodiscard]] Ring* operator->() noexcept { return ring_.get(); }
  [[nodiscard]] Ring* get() noexcept { return ring_.get(); }

 private:
  struct Free {
    void operator()(std::byte* memory) const noexcept { std::free(memory); }
  };
  [[nodiscard]] static std::unique_ptr<Ring> make(std::span<std::byte> memory) {
    if constexpr (requires { Ring::cells_in(memory); }) {
      return std::make_unique<Ring>(Ring::cells_in(memory));
    } else {
      return std::make_unique<Ring>(Ring::slots_in(memory));
    }
  }
  std::unique_ptr<std::byte, Free> memory_;
  std::unique_ptr<Ring> ring_;
};

}  // namespace esc::test
