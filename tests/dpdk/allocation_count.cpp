// SPDX-License-Identifier: BSD-3-Clause
#include "allocation_count.hpp"

#include <dlfcn.h>
#include <rte_malloc.h>

#include <atomic>
#include <cerrno>
#include <cstddef>

namespace {

std::atomic<std::uint64_t> heap{0};
std::atomic<std::uint64_t> rte_heap{0};

/// The next definition of a symbol: DPDK's own.
template <class F>
F* next(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

namespace esc::test {
std::uint64_t heap_calls() noexcept {
  return heap.load(std::memory_order_relaxed);
}
std::uint64_t rte_heap_calls() noexcept {
  return rte_heap.load(std::memory_order_relaxed);
}
}  // namespace esc::test

// glibc's own, under the names it keeps for this. The executable's definitions come first, for
// shared libraries as well.
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
void __libc_free(void* memory);

void* malloc(std::size_t bytes) {
  heap.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
  heap.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, bytes);
}
void* realloc(void* memory, std::size_t bytes) {
  heap.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(memory, bytes);
}
void* memalign(std::size_t alignment, std::size_t bytes) {
  heap.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  heap.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, bytes);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
  heap.fetch_add(1, std::memory_order_relaxed);
  *memory = __libc_memalign(alignment, bytes);
  return *memory == nullptr ? ENOMEM : 0;
}
void free(void* memory) {
  heap.fetch_add(1, std::memory_order_relaxed);
  __libc_free(memory);
}

void* rte_malloc(const char* type, std::size_t bytes, unsigned alignment) {
  rte_heap.fetch_add(1, std::memory_order_relaxed);
  return next<decltype(rte_malloc)>("rte_malloc")(type, bytes, alignment);
}
void* rte_zmalloc(const char* type, std::size_t bytes, unsigned alignment) {
  rte_heap.fetch_add(1, std::memory_order_relaxed);
  return next<decltype(rte_zmalloc)>("rte_zmalloc")(type, bytes, alignment);
}
void* rte_malloc_socket(const char* type, std::size_t bytes, unsigned alignment, int socket) {
  rte_heap.fetch_add(1, std::memory_order_relaxed);
  return next<decltype(rte_malloc_socket)>("rte_malloc_socket")(type, bytes, alignment, socket);
}
void* rte_zmalloc_socket(const char* type, std::size_t bytes, unsigned alignment, int socket) {
  rte_heap.fetch_add(1, std::memory_order_relaxed);
  return next<decltype(rte_zmalloc_socket)>("rte_zmalloc_socket")(type, bytes, alignment, socket);
}
void rte_free(void* memory) {
  rte_heap.fetch_add(1, std::memory_order_relaxed);
  next<decltype(rte_free)>("rte_free")(memory);
}
}
