// SPDX-License-Identifier: BSD-3-Clause
// How many events a worker will have received once everything that is on its way to it now has
// arrived.
#pragma once

#include <cstddef>
#include <cstdint>

namespace esc::telemetry {

/// Returns a number of received events; the worker may go on running. `may_be_held`: how many
/// events may wait for a place in its ring. Ring has size(), which acquires what was counted before
/// the cells were released; Counter has get(). Thread: any.
///
/// The ring has to be read before the counter. A worker counts an event before the event leaves the
/// ring. A reader that is preempted between the two reads therefore sees some events twice, in the
/// ring and in the counter: its mark is too high, and the worker reaches it later. In the other
/// order the reader would see them in neither, and the worker would reach the mark while events are
/// still on their way.
template <class Ring, class Counter>
[[nodiscard]] std::uint64_t worker_mark(const Ring& ring, std::size_t may_be_held,
                                        const Counter& received) noexcept {
  const std::uint64_t under_way = ring.size() + may_be_held;
  return under_way + received.get();
}

}  // namespace esc::telemetry
