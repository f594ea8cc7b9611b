// SPDX-License-Identifier: BSD-3-Clause
// What this process may have, by /proc/self/limits.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "topology/sys_root.hpp"

namespace esc::topology {

/// A limit of the kernel (setrlimit): the soft one is in force, the hard one is as far as this
/// process may raise it. nullopt: unlimited, or not known.
struct Limit {
  std::optional<std::uint64_t> soft;
  std::optional<std::uint64_t> hard;
};

/// `name` as /proc/self/limits has it: "Max file size".
[[nodiscard]] Limit process_limit(std::string_view name, const SysRoot& root);

}  // namespace esc::topology
