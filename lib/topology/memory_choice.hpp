// SPDX-License-Identifier: BSD-3-Clause
// Which kind of memory an appliance runs on: one decision for `escd --check` and for the start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "topology/problem.hpp"
#include "topology/sys_root.hpp"

namespace esc::topology {

enum class HugepageUse : std::uint8_t { kAuto, kRequire, kOff };

struct MemoryWish {
  /// EAL's file prefix: hugepages that a killed run of it left count as free.
  std::string instance;
  HugepageUse hugepages = HugepageUse::kAuto;
  std::uint64_t hugepage_bytes = 0;       ///< what is needed on hugepages
  std::uint64_t ordinary_bytes = 0;       ///< and on ordinary pages
  std::string less_memory = kLessMemory;  ///< what to do where there is too little of either

  static constexpr const char* kLessMemory =
      "deploy/reserve-hugepages, free memory, or make the pools and rings smaller "
      "(rings.ingest_cells, rings.worker_cells, port.pool_mbufs, connections.max, "
      "connections.credit_events)";
};

/// A Problem here has no `where`: the caller knows which key it is about.
struct MemoryVerdict {
  bool hugepages = false;           ///< true: hugepages; false: ordinary pages
  std::optional<Problem> shortage;  ///< there are too few hugepages, so ordinary pages are used
  std::optional<Problem> refusal;   ///< there is too little memory of the kind it has to use
};

/// Changes nothing. Hugepages that a killed run of the instance left count as free, since the start
/// removes those files.
[[nodiscard]] MemoryVerdict choose_memory(const MemoryWish& wish, const SysRoot& root = {});

}  // namespace esc::topology
