// SPDX-License-Identifier: BSD-3-Clause
// Counts what the process allocates: malloc and its kin, operator new through them, and rte_malloc.
#pragma once

#include <cstdint>

namespace esc::test {

/// Calls of malloc, calloc, realloc, aligned_alloc, posix_memalign, memalign, and free since the
/// start, from any thread.
[[nodiscard]] std::uint64_t heap_calls() noexcept;

/// Calls of rte_malloc_socket, rte_zmalloc_socket, rte_malloc, rte_zmalloc and rte_free that go
/// through the dynamic linker.
[[nodiscard]] std::uint64_t rte_heap_calls() noexcept;

}  // namespace esc::test
