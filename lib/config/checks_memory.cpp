// Checks of memory and rights: hugepages, locked memory, capabilities.
#include <charconv>
#include <fstream>
#include <sstream>

#include "config/checks.hpp"

namespace esc::config {
namespace {

constexpr std::uint64_t kMiB = 1U << 20U;
constexpr std::uint64_t kKiB = 1U << 10U;

std::uint64_t to_mib(std::uint64_t bytes) {
  return (bytes + kMiB - 1) / kMiB;
}

// Free hugepages of all sizes together, and the smallest size there is.
struct FreeHugepages {
  std::uint64_t bytes = 0;
  std::uint64_t page_kib = 0;
};

FreeHugepages free_hugepages(const topology::SysRoot& root) {
  constexpr std::string_view kPrefix = "hugepages-";
  FreeHugepages total;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(root.at("/sys/kernel/mm/hugepages"), error)) {
    const std::string name = entry.path().filename().string();  // hugepages-2048kB
    if (!name.starts_with(kPrefix)) continue;
    std::uint64_t page_kib = 0;
    std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), page_kib);
    const std::uint64_t pages = first_number(entry.path() / "free_hugepages").value_or(0);
    total.bytes += pages * page_kib * kKiB;
    if (page_kib != 0 && (total.page_kib == 0 || page_kib < total.page_kib)) {
      total.page_kib = page_kib;
    }
  }
  return total;
}

std::string reserve_command(std::uint64_t needed_bytes, std::uint64_t page_kib) {
  const std::uint64_t page_bytes = page_kib * kKiB;
  return "echo " + std::to_string((needed_bytes + page_bytes - 1) / page_bytes) +
         " > /sys/kernel/mm/hugepages/hugepages-" + std::to_string(page_kib) + "kB/nr_hugepages";
}

// Soft limit of "Max locked memory" in bytes; nullopt: unlimited or unknown.
std::optional<std::uint64_t> locked_memory_limit(const topology::SysRoot& root) {
  constexpr std::string_view kLabel = "Max locked memory";
  std::ifstream file(root.at("/proc/self/limits"));
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(kLabel)) continue;
    std::istringstream rest(line.substr(kLabel.size()));
    std::uint64_t soft = 0;
    if (rest >> soft) return soft;
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

bool has_capability(const topology::SysRoot& root, Capability capability) {
  constexpr std::string_view kLabel = "CapEff:\t";
  std::ifstream file(root.at("/proc/self/status"));
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(kLabel)) continue;
    std::uint64_t set = 0;
    std::from_chars(line.data() + kLabel.size(), line.data() + line.size(), set, 16);
    return ((set >> static_cast<unsigned>(capability)) & 1U) != 0;
  }
  return true;
}

void check_memory(const Check& check, std::uint64_t needed_bytes) {
  const MemoryConfig& memory = check.config.memory;
  const std::string limit_where = check.config.where("memory.limit_mib");
  if (memory.limit_mib != 0 && memory.limit_mib < to_mib(needed_bytes)) {
    check.error(limit_where,
                "memory.limit_mib is " + std::to_string(memory.limit_mib) + ", about " +
                    std::to_string(to_mib(needed_bytes)) + " are needed",
                "raise it, or give the pools and rings less");
  }
  if (memory.hugepages == Hugepages::kOff) return;
  const FreeHugepages free = free_hugepages(check.root);
  if (free.bytes >= needed_bytes) return;
  const std::string what = "about " + std::to_string(to_mib(needed_bytes)) +
                           " MiB of hugepages are needed, " + std::to_string(free.bytes / kMiB) +
                           " MiB are free";
  const std::string fix = free.page_kib == 0
                              ? "this kernel offers no hugepages; write memory.hugepages = \"off\""
                              : reserve_command(needed_bytes, free.page_kib);
  const std::string where = check.config.where("memory.hugepages");
  if (memory.hugepages == Hugepages::kRequire) {
    check.error(where, what, fix);
  } else {
    check.warning(where, what + ": escd will use ordinary pages", fix);
  }
}

void check_locked_memory(const Check& check, std::uint64_t needed_bytes) {
  const auto limit = locked_memory_limit(check.root);
  if (!limit || *limit >= needed_bytes) return;
  check.warning(check.config.where("memory"),
                "a port pins memory: about " + std::to_string(to_mib(needed_bytes)) +
                    " MiB, but this process may lock " + std::to_string(*limit / kMiB) + " MiB",
                "ulimit -l unlimited, or LimitMEMLOCK=infinity in the systemd unit");
}

}  // namespace esc::config
