// SPDX-License-Identifier: BSD-3-Clause
// Finds the escd that the user means.
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

/// The instances that answer under `roots`, sorted by name within each. A root folder that belongs
/// neither to us nor to the user root is passed over: its owner could put anything there.
[[nodiscard]] std::vector<Instance> running_instances(std::span<const std::string> roots);

/// The socket of the instance that is meant. If `named` is not empty: the first candidate path of
/// that name that exists, whether it answers or not. Else: the only instance that runs. Throws
/// Failure: kUsage if several run or the name is impossible, kNotReachable if none runs.
[[nodiscard]] std::string choose_socket(std::span<const std::string> roots, std::string_view named);

}  // namespace esc::ctl
