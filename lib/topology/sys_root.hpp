// SPDX-License-Identifier: BSD-3-Clause
// Where /sys and /proc are: the real ones, or a tree that a test has built.
#pragma once

#include <filesystem>
#include <string_view>

namespace esc::topology {

/// A prefix put before absolute system paths. Default: none, the machine itself.
struct SysRoot {
  std::filesystem::path prefix;

  /// `absolute` ("/sys/class/net") below the prefix.
  [[nodiscard]] std::filesystem::path at(std::string_view absolute) const {
    if (prefix.empty()) return std::filesystem::path(absolute);
    return prefix / std::filesystem::path(absolute).relative_path();
  }
};

}  // namespace esc::topology
