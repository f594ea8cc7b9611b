// SPDX-License-Identifier: BSD-3-Clause
// The appliance's figures as commands of DPDK's telemetry socket, so that dpdk-telemetry.py and
// what is built on it see them.
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
/// Thread: add() and clear() on the main lcore. Figures run on threads of DPDK's, one at a time,
/// never after clear() has returned; they must not call add() or clear(). DPDK 22.11 cannot take a
/// command back: after clear() (or destruction) it stays listed and answers with an empty
/// dictionary until it is added again.
class DpdkExport {
 public:
  using Figures = std::function<nlohmann::ordered_json()>;

  DpdkExport() = default;
  ~DpdkExport();
  DpdkExport(const DpdkExport&) = delete;
  DpdkExport& operator=(const DpdkExport&) = delete;

  /// `path` is as "/escd/ledger", at most 55 of [A-Za-z0-9_/]; `help` is one line. Adding a path
  /// again replaces its figures. Throws std::invalid_argument if rte_telemetry refuses it.
  void add(const std::string& path, const std::string& help, Figures figures);

  /// Call before what the figures read goes away; waits for figures that are being computed.
  void clear() noexcept;

 private:
  std::vector<std::string> paths_;
};

}  // namespace esc::telemetry
