// SPDX-License-Identifier: BSD-3-Clause
// Which escd is meant.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace esc::ctl {

struct Instance {
  std::string name;
  std::string socket_path;
};

/// The instances that answer under `roots`, sorted by name within each. A root that is neither ours
/// nor root's is passed over: its owner could put anything there.
[[nodiscard]] std::vector<Instance> running_instances(std::span<const std::string> roots);

/// The socket of the one instance that is meant: `named` if that is not empty (whether or not it
/// answers: the first candidate that exists), else the only one running. Throws Failure: kUsage for
/// several or for an impossible name, kNotReachable for none.
[[nodiscard]] std::string choose_socket(std::span<const std::string> roots, std::string_view named);

}  // namespace esc::ctl
