// SPDX-License-Identifier: BSD-3-Clause
// How far a worker will be once everything that is on its way to it has arrived.
#pragma once

#include <cstddef>
#include <cstdint>

namespace esc::telemetry {

/// In events received, while the worker goes on. `may_be_held`: events that may wait before its
/// ring. Ring: size(), which acquires what was counted before the cells were released. Counter:
/// get(). Thread: any.
///
/// The order is what it rests on. An event goes from the ring to the count, and is counted before
/// it leaves the ring. Whoever looks at the ring first and is preempted before he looks at the
/// count has some events twice: the mark lies too far ahead, and is reached later. The other way
/// round they would be in neither, and the mark would be reached while events are still on their
/// way.
template <class Ring, class Counter>
[[nodiscard]] std::uint64_t worker_mark(const Ring& ring, std::size_t may_be_held,
                                        const Counter& received) noexcept {
  const std::uint64_t under_way = ring.size() + may_be_held;
  return under_way + received.get();
}

}  // namespace esc::telemetry
