// SPDX-License-Identifier: BSD-3-Clause
#include "topology/memory.hpp"

#include <fcntl.h>
#include <mntent.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "base/file_descriptor.hpp"
#include "base/number.hpp"
#include "base/units.hpp"
#include "topology/small_file.hpp"

namespace esc::topology {
namespace {

std::optional<std::uint64_t> kernel_estimate(const SysRoot& root) {
  constexpr std::string_view kLabel = "MemAvailable:";
  std::ifstream file(root.at("/proc/meminfo"));
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(kLabel)) continue;
    const auto kib = leading_whole(std::string_view(line).substr(kLabel.size()));
    return kib ? std::optional(*kib * kKiB) : std::nullopt;
  }
  return std::nullopt;
}

// The path of this process's control group (version 2); "/" for the root of the hierarchy that it
// sees.
std::filesystem::path control_group(const SysRoot& root) {
  constexpr std::string_view kUnified = "0::";
  std::ifstream file(root.at("/proc/self/cgroup"));
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(kUnified)) return line.substr(kUnified.size());
  }
  return {};
}

}  // namespace

FreeHugepages free_hugepages(const SysRoot& root) {
  constexpr std::string_view kPrefix = "hugepages-";
  FreeHugepages total;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(root.at("/sys/kernel/mm/hugepages"), error)) {
    const std::string name = entry.path().filename().string();  // hugepages-2048kB
    if (!name.starts_with(kPrefix)) continue;
    const auto page_kib = leading_whole(std::string_view(name).substr(kPrefix.size())).value_or(0);
    const auto pages = first_number(entry.path() / "free_hugepages").value_or(0);
    total.bytes += pages * page_kib * kKiB;
    if (page_kib != 0 && (total.page_kib == 0 || page_kib < total.page_kib)) {
      total.page_kib = page_kib;
    }
  }
  return total;
}

std::vector<std::filesystem::path> writable_hugetlbfs(const SysRoot& root) {
  std::vector<std::filesystem::path> found;
  FILE* mounts = setmntent(root.at("/proc/mounts").c_str(), "r");
  if (mounts == nullptr) return found;
  while (const mntent* mount = getmntent(mounts)) {
    if (std::string_view(mount->mnt_type) != "hugetlbfs") continue;
    auto directory = root.at(mount->mnt_dir);
    if (access(directory.c_str(), W_OK) == 0) found.push_back(std::move(directory));
  }
  endmntent(mounts);
  return found;
}

void each_leftover_hugepage_file(
    const SysRoot& root, const std::string& prefix,
    const std::function<void(const std::filesystem::path&, std::uint64_t bytes)>& take) {
  constexpr std::uint64_t kStatBlockBytes = 512;
  std::error_code ignored;
  for (const auto& mount : writable_hugetlbfs(root)) {
    for (const auto& entry : std::filesystem::directory_iterator(mount, ignored)) {
      if (!entry.path().filename().native().starts_with(prefix + "map_")) continue;
      const FileDescriptor file(
          open(entry.path().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
      struct stat status {};
      if (!file.valid() || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
      // A living process that has the pages holds a lock on their file.
      if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) continue;
      take(entry.path(), static_cast<std::uint64_t>(status.st_blocks) * kStatBlockBytes);
    }
  }
}

std::uint64_t leftover_hugepage_bytes(const SysRoot& root, const std::string& prefix) {
  std::uint64_t total = 0;
  each_leftover_hugepage_file(
      root, prefix, [&](const std::filesystem::path&, std::uint64_t bytes) { total += bytes; });
  return total;
}

std::optional<std::uint64_t> available_bytes(const SysRoot& root) {
  std::optional<std::uint64_t> available = kernel_estimate(root);
  std::filesystem::path group = control_group(root);
  while (!group.empty()) {
    // "max" is no number: no limit here.
    const auto limit = first_number(root.at("/sys/fs/cgroup" + group.native()) / "memory.max");
    if (limit) available = std::min(available.value_or(*limit), *limit);
    if (group == group.parent_path()) break;
    group = group.parent_path();
  }
  return available;
}

}  // namespace esc::topology
