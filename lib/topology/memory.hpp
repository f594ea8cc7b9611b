// SPDX-License-Identifier: BSD-3-Clause
// The memory that is available on this machine at this moment.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "topology/sys_root.hpp"

namespace esc::topology {

struct FreeHugepages {
  std::uint64_t bytes = 0;     ///< of all sizes together
  std::uint64_t page_kib = 0;  ///< the smallest size there is; 0: the kernel offers none
};

[[nodiscard]] FreeHugepages free_hugepages(const SysRoot& root);

/// The mounts of hugetlbfs where this user may make files. Other processes can attach to an
/// instance's memory only if its files are there.
[[nodiscard]] std::vector<std::filesystem::path> writable_hugetlbfs(const SysRoot& root);

/// Calls `take` with the path of each file that a killed DPDK process of that file prefix left in
/// hugetlbfs: the pages in it are not free. Files of a living process are left out. To find that
/// out each file is locked; the lock is held during the call of `take`.
void each_leftover_hugepage_file(
    const SysRoot& root, const std::string& prefix,
    const std::function<void(const std::filesystem::path&, std::uint64_t bytes)>& take);

/// The sum of the bytes of those files' pages.
[[nodiscard]] std::uint64_t leftover_hugepage_bytes(const SysRoot& root, const std::string& prefix);

/// Ordinary memory that is available without swapping: the kernel's estimate (MemAvailable), but no
/// more than the control groups of this process allow. nullopt: it cannot be found out.
[[nodiscard]] std::optional<std::uint64_t> available_bytes(const SysRoot& root);

}  // namespace esc::topology
