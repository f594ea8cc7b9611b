// Checks of memory and rights: hugepages, locked memory, capabilities.
#include <fstream>

#include "base/number.hpp"
#include "config/checks.hpp"
#include "topology/limits.hpp"
#include "topology/memory.hpp"

namespace esc::config {
namespace {

constexpr std::uint64_t kMiB = 1U << 20U;
constexpr std::uint64_t kKiB = 1U << 10U;

std::uint64_t to_mib(std::uint64_t bytes) {
  return (bytes + kMiB - 1) / kMiB;
}

// nr_hugepages is how many there are, taken ones among them.
std::string reserve_command(const Check& check, std::uint64_t missing_bytes,
                            std::uint64_t page_kib) {
  const std::uint64_t page_bytes = page_kib * kKiB;
  const std::string knob =
      "/sys/kernel/mm/hugepages/hugepages-" + std::to_string(page_kib) + "kB/nr_hugepages";
  const std::uint64_t there = first_number(check.root.at(knob)).value_or(0);
  return "echo " + std::to_string(there + (missing_bytes + page_bytes - 1) / page_bytes) + " > " +
         knob;
}

// Whether escd would run on hugepages.
bool check_hugepages(const Check& check, std::uint64_t needed_bytes) {
  const Hugepages wish = check.config.memory.hugepages;
  if (wish == Hugepages::kOff) return false;
  const topology::FreeHugepages free = topology::free_hugepages(check.root);
  if (free.bytes >= needed_bytes) return true;
  const std::string what = "about " + std::to_string(to_mib(needed_bytes)) +
                           " MiB of hugepages are needed, " + std::to_string(free.bytes / kMiB) +
                           " MiB are free";
  const std::string fix = free.page_kib == 0
                              ? "this kernel offers no hugepages; write memory.hugepages = \"off\""
                              : reserve_command(check, needed_bytes - free.bytes, free.page_kib);
  const std::string where = check.config.where("memory.hugepages");
  if (wish == Hugepages::kRequire) {
    check.error(where, what, fix);
    return true;
  }
  check.warning(where, what + ": escd will use ordinary pages", fix);
  return false;
}

void check_ordinary_memory(const Check& check, std::uint64_t needed_bytes) {
  const auto available = topology::available_bytes(check.root);
  if (!available || *available >= needed_bytes) return;
  check.error(check.config.where("memory"),
              "about " + std::to_string(to_mib(needed_bytes)) +
                  " MiB of ordinary memory are needed, " + std::to_string(*available / kMiB) +
                  " MiB are to be had",
              "give the pools and rings less (rings.ingest_cells, rings.worker_cells, "
              "port.pool_mbufs), or the machine more");
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

MemoryChosen check_memory(const Check& check, const MemoryNeed& need) {
  // What a running instance has is not free, and will be when it is started anew.
  const bool on_hugepages = check.running ? check.config.memory.hugepages != Hugepages::kOff
                                          : check_hugepages(check, need.hugepage_bytes);
  const std::uint64_t needed_bytes = on_hugepages ? need.hugepage_bytes : need.ordinary_bytes;
  if (!on_hugepages && !check.running) check_ordinary_memory(check, needed_bytes);
  const MemoryConfig& memory = check.config.memory;
  if (memory.limit_mib != 0 && memory.limit_mib < to_mib(needed_bytes)) {
    check.error(check.config.where("memory.limit_mib"),
                "memory.limit_mib is " + std::to_string(memory.limit_mib) + ", about " +
                    std::to_string(to_mib(needed_bytes)) + " are needed",
                "raise it, or give the pools and rings less");
  }
  return {on_hugepages, needed_bytes};
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
