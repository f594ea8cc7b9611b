// SPDX-License-Identifier: BSD-3-Clause
// The memory that is to be had on this machine at this moment.
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

/// Where hugetlbfs is mounted and this user may make files: only there do other processes find the
/// memory of an instance.
[[nodiscard]] std::vector<std::filesystem::path> writable_hugetlbfs(const SysRoot& root);

/// Calls `take` with the path of each file that a killed DPDK process of that file prefix left in
/// hugetlbfs: the pages in it are not free. One that a living process has open is left out; the
/// lock that tells lasts as long as the call.
void each_leftover_hugepage_file(
    const SysRoot& root, const std::string& prefix,
    const std::function<void(const std::filesystem::path&, std::uint64_t bytes)>& take);

/// The pages in those files.
[[nodiscard]] std::uint64_t leftover_hugepage_bytes(const SysRoot& root, const std::string& prefix);

/// Ordinary memory that can be had without swapping: the kernel's own estimate (MemAvailable), and
/// no more than the control groups of this process allow in all. nullopt: it cannot be told.
[[nodiscard]] std::optional<std::uint64_t> available_bytes(const SysRoot& root);

}  // namespace esc::topology
