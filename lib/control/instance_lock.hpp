// SPDX-License-Identifier: BSD-3-Clause
// One instance of a name at a time, wherever its control socket is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/file_descriptor.hpp"
#include "topology/problem.hpp"

namespace esc::control {

/// The lock is held as long as this object lives, and ends with its process, however that ends. Its
/// file is "instance.lock" in the folder of the instance's default control socket
/// (socket_path.hpp). So appliances of other users, or in containers that see other folders, are
/// other instances.
class InstanceLock {
 public:
  /// Throws StartError: an instance of that name runs, or the folder is not ours.
  explicit InstanceLock(const std::string& instance);
  /// The file goes, and its folder if nothing else is in it.
  ~InstanceLock();
  InstanceLock(const InstanceLock&) = delete;
  InstanceLock& operator=(const InstanceLock&) = delete;

 private:
  [[nodiscard]] bool take(const std::string& instance);

  std::string folder_;
  FileDescriptor own_;  ///< the folder
  FileDescriptor file_;
};

/// The message with which InstanceLock would refuse because an instance of that name runs; nullopt:
/// none runs. Takes no lock and holds nobody up, so --check may ask at any time. Whether the folder
/// can be used is answered by lock_folder_problem().
[[nodiscard]] std::optional<topology::Problem> instance_runs(const std::string& instance);

/// The message with which InstanceLock would refuse the folder; nullopt: the folder can be used, or
/// can be made. Makes nothing.
[[nodiscard]] std::optional<topology::Problem> lock_folder_problem(const std::string& instance);

}  // namespace esc::control
