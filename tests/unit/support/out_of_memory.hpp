// SPDX-License-Identifier: BSD-3-Clause
// Replaces operator new by one that fails when a test says so. For one source of an executable of
// its own; not under sanitizers, which replace it too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <new>

namespace esc::test {

inline constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
inline std::uint64_t allocations_left = kNever;

/// While it lives, the first `after` allocations succeed, and all others fail.
class OutOfMemory {
 public:
  explicit OutOfMemory(std::uint64_t after) noexcept { allocations_left = after; }
  ~OutOfMemory() { allocations_left = kNever; }
  OutOfMemory(const OutOfMemory&) = delete;
  OutOfMemory& operator=(const OutOfMemory&) = delete;
};

}  // namespace esc::test

// Not inlined: the compiler would take malloc and delete for a pair that does not match.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  if (esc::test::allocations_left == 0) throw std::bad_alloc();
  if (esc::test::allocations_left != esc::test::kNever) --esc::test::allocations_left;
  if (void* const memory = std::malloc(bytes); memory != nullptr) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
