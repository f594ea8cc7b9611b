// SPDX-License-Identifier: BSD-3-Clause
// Counts the segments that a command could not read completely.
#pragma once

#include <cstdint>

#include "dlq/folder.hpp"

namespace esc::dlq_tool {

/// Segments of which not all letters could be read. Thread: one; add() joins the counts of several
/// threads.
struct Missing {
  std::uint64_t unreadable = 0;  ///< the disk refused them, or a part of them
  std::uint64_t damaged = 0;     ///< they had more letters than can be read

  [[nodiscard]] bool none() const noexcept { return unreadable + damaged == 0; }
  void count(const dlq::SegmentRead& read) noexcept {
    unreadable += read.error != 0 ? 1 : 0;
    damaged += read.damaged ? 1 : 0;
  }
  void add(const Missing& other) noexcept {
    unreadable += other.unreadable;
    damaged += other.damaged;
  }
};

}  // namespace esc::dlq_tool
