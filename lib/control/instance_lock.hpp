// SPDX-License-Identifier: BSD-3-Clause
// One instance of a name at a time, wherever its control socket is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/file_descriptor.hpp"
#include "topology/problem.hpp"

namespace esc::control {

/// Held for as long as it lives, and by nobody once its process is gone, however that ended. It
/// lies where the instance's control socket is by default (socket_path.hpp), in the file
/// "instance.lock": what other users run, or containers that see other folders, are other
/// instances.
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

/// What InstanceLock would say of an instance of that name that runs; nullopt: none does. Takes
/// nothing and holds nobody up, so --check may ask at any time. Whether its folder could be had is
/// another question: lock_folder_problem().
[[nodiscard]] std::optional<topology::Problem> instance_runs(const std::string& instance);

/// Why the lock's folder could not be used, in InstanceLock's words; nullopt: it could, and perhaps
/// is to be made. Makes nothing.
[[nodiscard]] std::optional<topology::Problem> lock_folder_problem(const std::string& instance);

}  // namespace esc::control
