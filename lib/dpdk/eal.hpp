// SPDX-License-Identifier: BSD-3-Clause
// DPDK's environment: started once a process, from the plan and the configuration.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "topology/memory_choice.hpp"

namespace esc::dpdk {

/// The memory that EAL, its drivers and its own tables take beside our pools and rings.
inline constexpr std::uint64_t kEalOverheadBytes = 96ULL * 1024 * 1024;

using topology::HugepageUse;

struct EalSettings {
  std::string instance;     ///< file prefix
  std::string lcores;       ///< as for --lcores, from the plan
  unsigned main_lcore = 0;  ///< EAL id
  std::vector<std::string>
      extra_args;  ///< from the configuration and the command line, already validated
  std::vector<std::string>
      pci_devices;  ///< the PCI addresses this instance owns; no other is touched
  HugepageUse hugepages = HugepageUse::kAuto;
  std::uint64_t hugepage_bytes = 0;       ///< what pools and rings take on hugepages
  std::uint64_t ordinary_page_bytes = 0;  ///< and on ordinary pages
  /// What to do when there is too little memory of either kind.
  std::string less_memory = topology::MemoryWish::kLessMemory;
};

/// What kind of memory EAL will run on, and why. It is decided before EAL starts, so that it can be
/// reported.
struct MemoryChoice {
  bool hugepages = false;
  bool in_memory = false;  ///< hugepages without a hugetlbfs mount: no secondary process can attach
  std::string reason;      ///< a sentence for the operator
};

/// What EAL is going to be asked for.
[[nodiscard]] topology::MemoryWish memory_wish(const EalSettings& settings);

/// Decides by topology::choose_memory(). Then removes the files that a killed escd of this name
/// left in hugetlbfs, and looks for a mount of hugetlbfs where we may write. Throws StartError if
/// hugepages are required and there are too few, or if there is too little memory of either kind.
[[nodiscard]] MemoryChoice choose_memory(const EalSettings& settings);

/// The whole argument vector, argv[0] first.
[[nodiscard]] std::vector<std::string> eal_arguments(const EalSettings& settings,
                                                     const MemoryChoice& memory);

/// Owns EAL from construction to destruction. Thread: main lcore. DPDK's own log goes to spdlog's
/// default logger.
class Eal {
 public:
  Eal(const EalSettings& settings, const MemoryChoice& memory);
  ~Eal();
  Eal(const Eal&) = delete;
  Eal& operator=(const Eal&) = delete;
};

}  // namespace esc::dpdk
