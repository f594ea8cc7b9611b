// SPDX-License-Identifier: BSD-3-Clause
// The limits of this process, from /proc/self/limits.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "topology/sys_root.hpp"

namespace esc::topology {

/// A limit of the kernel (setrlimit): the soft one is in force, and this process may raise it up to
/// the hard one. nullopt: unlimited, or not known.
struct Limit {
  std::optional<std::uint64_t> soft;
  std::optional<std::uint64_t> hard;
};

/// `name` as /proc/self/limits has it: "Max file size".
[[nodiscard]] Limit process_limit(std::string_view name, const SysRoot& root);

}  // namespace esc::topology
