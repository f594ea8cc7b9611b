// SPDX-License-Identifier: BSD-3-Clause
// Offers the appliance's figures as commands of DPDK's telemetry socket, so that dpdk-telemetry.py
// and programs built on it can read them.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace esc::telemetry {

/// Registers read-only commands with rte_telemetry. A figures function returns a JSON object;
/// DPDK's format is narrower, so: keys keep [A-Za-z0-9_/], every other character becomes '_' (a key
/// that then exists already is left out); counts are unsigned 64-bit, booleans 0 or 1, other
/// numbers and text strings of at most 127 bytes of printable ASCII ('?' for the rest); null is
/// left out; arrays become dictionaries with the keys "0", "1", ...; a dictionary keeps its first
/// 256 entries, and nesting ends at 8 levels. DPDK 22.11 cuts an answer at 16 KiB of JSON.
///
/// Thread: add() and clear() on the main lcore. The figures functions run on DPDK's threads, one at
/// a time, and never after clear() has returned; they must not call add() or clear(). DPDK 22.11
/// cannot unregister a command: after clear() (or destruction) the command stays listed and answers
/// with an empty dictionary until it is added again.
class DpdkExport {
 public:
  using Figures = std::function<nlohmann::ordered_json()>;

  DpdkExport() = default;
  ~DpdkExport();
  DpdkExport(const DpdkExport&) = delete;
  DpdkExport& operator=(const DpdkExport&) = delete;

  /// `path` is for example "/escd/ledger", at most 55 characters of [A-Za-z0-9_/]; `help` is one
  /// line. Adding a path again replaces its function. Throws std::invalid_argument if rte_telemetry
  /// refuses the path.
  void add(const std::string& path, const std::string& help, Figures figures);

  /// Call it before anything that the figures functions read is destroyed. Waits until a function
  /// that is running has returned.
  void clear() noexcept;

 private:
  std::vector<std::string> paths_;
};

}  // namespace esc::telemetry
