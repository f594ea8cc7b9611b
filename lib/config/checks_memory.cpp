// SPDX-License-Identifier: BSD-3-Clause
// Checks of memory and rights: hugepages, locked memory, capabilities.
#include <fstream>

#include "base/number.hpp"
#include "base/units.hpp"
#include "config/checks.hpp"
#include "topology/limits.hpp"
#include "topology/memory_choice.hpp"

namespace esc::config {
namespace {

std::uint64_t to_mib(std::uint64_t bytes) {
  return (bytes + kMiB - 1) / kMiB;
}

topology::MemoryWish wish_of(const Config& config, const MemoryNeed& need) {
  return {.instance = config.instance,
          .hugepages = static_cast<topology::HugepageUse>(config.memory.hugepages),
          .hugepage_bytes = need.hugepage_bytes,
          .ordinary_bytes = need.ordinary_bytes};
}

}  // namespace

bool has_capability(const topology::SysRoot& root, Capability capability) {
  constexpr std::string_view kLabel = "CapEff:\t";
  std::ifstream file(root.at("/proc/self/status"));
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(kLabel)) continue;
    const std::uint64_t set = parse_hex(std::string_view(line).substr(kLabel.size())).value_or(0);
    return ((set >> static_cast<unsigned>(capability)) & 1U) != 0;
  }
  return true;
}

bool check_memory_kind(const Check& check, const MemoryNeed& need) {
  // Memory that the running instance has is not free now, but it will be when the instance is
  // started again.
  if (check.running) return check.config.memory.hugepages != Hugepages::kOff;
  const auto verdict = topology::choose_memory(wish_of(check.config, need), check.root);
  if (const auto& shortage = verdict.shortage) {
    check.warning(check.config.where("memory.hugepages"),
                  shortage->what + ": escd will use ordinary pages", shortage->fix);
  }
  if (const auto& refusal = verdict.refusal) {
    check.unavailable(check.config.where(verdict.hugepages ? "memory.hugepages" : "memory"),
                      refusal->what, refusal->fix);
  }
  return verdict.hugepages;
}

void check_limit(const Check& check, std::uint64_t needed_bytes) {
  const MemoryConfig& memory = check.config.memory;
  if (memory.limit_mib == 0 || memory.limit_mib >= to_mib(needed_bytes)) return;
  check.error(check.config.where("memory.limit_mib"),
              "memory.limit_mib is " + std::to_string(memory.limit_mib) + ", about " +
                  std::to_string(to_mib(needed_bytes)) + " are needed",
              "raise it, or lower rings.ingest_cells, rings.worker_cells or port.pool_mbufs");
}

void check_locked_memory(const Check& check, std::uint64_t needed_bytes) {
  const auto limit = topology::process_limit("Max locked memory", check.root).soft;
  if (!limit || *limit >= needed_bytes) return;
  check.warning(check.config.where("memory"),
                "a port pins memory: about " + std::to_string(to_mib(needed_bytes)) +
                    " MiB, but this process may lock " + std::to_string(*limit / kMiB) + " MiB",
                "ulimit -l unlimited, or LimitMEMLOCK=infinity in the systemd unit");
}

}  // namespace esc::config
