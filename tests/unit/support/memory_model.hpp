// SPDX-License-Identifier: BSD-3-Clause
// The memory of one explored execution: what a C++ atomic load may return, and which plain accesses
// race.
//
// An operational reading of the C++20 model without consume, fences and seq_cst's total order (what
// is explored uses none of them). Every location keeps the history of its stores. A thread has a
// view: for each location the oldest store it may still read, and a vector clock. A release store
// carries its thread's view along; an acquire load that reads it joins that view into the reader's.
// So a load returns any store not older than the reader's view of the location, and two plain
// accesses to one element race, one of them a write, when neither lies in the other's view.
//
// What it leaves out: a store always becomes the newest of its location (exact where stores to one
// location are ordered by happens-before or are read-modify-writes, as in all that is explored, and
// a plain race is reported where they are not), and no load returns a value that is stored later in
// program order (load buffering).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace esc::explorer {

inline constexpr unsigned kMaxThreads = 4;
inline constexpr unsigned kMaxLocations = 16;
inline constexpr unsigned kMaxStores = 64;  ///< to one location in one execution
inline constexpr unsigned kMaxElements = 8;

struct View {
  std::array<std::uint16_t, kMaxLocations>
      oldest{};  ///< per location: first store that may still be read
  std::array<std::uint16_t, kMaxThreads> clock{};  ///< per thread: how much of it happened before

  void join(const View& other) {
    for (unsigned i = 0; i < kMaxLocations; ++i) oldest[i] = std::max(oldest[i], other.oldest[i]);
    for (unsigned i = 0; i < kMaxThreads; ++i) clock[i] = std::max(clock[i], other.clock[i]);
  }
};

struct Store {
  std::uint64_t value = 0;
  View released;  ///< what an acquire load of it learns
};

/// One atomic variable.
struct Location {
  std::array<Store, kMaxStores> stores;
  unsigned count = 0;

  [[nodiscard]] const Store& newest() const { return stores[count - 1]; }
};

/// One element that is not atomic, by address.
struct Element {
  const void* address = nullptr;
  unsigned writer = 0;
  std::uint16_t written = 0;                      ///< the writer's clock then, 0: never
  std::array<std::uint16_t, kMaxThreads> read{};  ///< each reader's clock then, 0: never

  [[nodiscard]] bool read_races(unsigned thread, const View& view) const {
    return written != 0 && writer != thread && view.clock[writer] < written;
  }
  [[nodiscard]] bool write_races(unsigned thread, const View& view) const {
    if (read_races(thread, view)) return true;
    for (unsigned other = 0; other < kMaxThreads; ++other) {
      if (other != thread && view.clock[other] < read[other]) return true;
    }
    return false;
  }
};

}  // namespace esc::explorer
