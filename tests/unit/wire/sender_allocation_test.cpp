// SPDX-License-Identifier: BSD-3-Clause
// That senders allocate nothing once they are made.
#include <cstdlib>
#include <new>

#include "received.hpp"
#include "wire/sender.hpp"
#include "wire/stream_sender.hpp"

namespace {
std::uint64_t allocations = 0;
}

void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* const memory = std::malloc(bytes); memory != nullptr) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace esc::wire::test {
namespace {

/// Takes two of three.
struct MostlyTakes {
  int calls = 0;
  bool operator()(std::span<const std::uint8_t>) { return ++calls % 3 != 0; }
};

template <class AnySender>
std::uint64_t allocations_of(AnySender sender) {
  const std::uint8_t payload[100] = {};
  const std::uint64_t before = allocations;
  for (int i = 0; i < 1000; ++i) {
    if (sender.send(0, "größe", payload) != SendResult::kOk) sender.discard();
    if (i % 100 == 0) static_cast<void>(sender.flush());
  }
  EXPECT_GT(sender.sink().calls, 50);
  return allocations - before;
}

TEST(Allocation, NoneAfterConstruction) {
  EXPECT_EQ(allocations_of(Sender({}, MostlyTakes{})), 0u);
  EXPECT_EQ(allocations_of(StreamSender({.block_bytes = 1500}, MostlyTakes{})), 0u);
}

TEST(Allocation, TheCountCounts) {
  const std::uint64_t before = allocations;
  const Sender sender({}, MostlyTakes{});
  EXPECT_EQ(allocations - before, 1u);
}

}  // namespace
}  // namespace esc::wire::test
