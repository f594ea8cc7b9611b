// SPDX-License-Identifier: BSD-3-Clause
// The part of a store that depends on what it keeps. The rest, from the rings of the stages to the
// disk, is the same for every store.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "dlq/commit_buffer.hpp"
#include "event/event.hpp"
#include "storage/wall_clock.hpp"

namespace esc::storage {

/// Item: what a stage puts into its ring to the store; its member `event` owns a reference to the
/// mbuf.
/// append(): writes one item as a record into a commit; false: it does not fit, though one of any
/// size fits into an empty commit. Storage lcore.
/// outcome(): what becomes of it once it is durable, below kOutcomes. Storage lcore.
/// Settled: the counters of what became of events, of one pipeline. Its one writer is the thread
/// that writes commits, through settle(), which is told how many events of a commit had that
/// outcome and whether the commit is durable. settled(): how many events it has counted.
template <class K>
concept StoreKind = std::is_trivially_copyable_v<typename K::Item> &&
    requires(dlq::CommitBuffer& commit, const typename K::Item& item, const WallClock& clock,
             typename K::Settled& settled) {
  { K::kOutcomes } -> std::convertible_to<std::size_t>;
  { item.event } -> std::convertible_to<const event::Event&>;
  { K::append(commit, std::uint64_t{}, item, clock) }
  noexcept->std::same_as<bool>;
  { K::outcome(item) }
  noexcept->std::same_as<std::size_t>;
  K::settle(settled, std::size_t{}, std::uint64_t{}, bool{});
  { K::settled(settled) } -> std::same_as<std::uint64_t>;
};

}  // namespace esc::storage
