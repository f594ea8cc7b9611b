// SPDX-License-Identifier: BSD-3-Clause
// The folder that dead letters are kept in: whether it can be used, and what is in it already.
#pragma once

#include <vector>

#include "config/config.hpp"
#include "config/environment.hpp"
#include "dlq/posix_file_system.hpp"
#include "dlq/recovery.hpp"

namespace esc::appliance {

/// What stands against a DeadLetterFolder, in the words with which it would refuse. Nothing is made
/// and nothing is taken; of each segment no more than its header is read.
[[nodiscard]] std::vector<config::Finding> check_dead_letters(const config::Config& config);

/// The folder, and what is in it already. Made before EAL is: that ties the caller to one CPU, and
/// all of them are to read; and before ports receive, which nobody polls meanwhile.
struct DeadLetterFolder {
  /// Takes the folder, reads it and says in the log what is in it. Throws StartError.
  explicit DeadLetterFolder(const config::Config& config);

  /// True until a commit found that the kernel forbids it. Any thread.
  [[nodiscard]] bool uses_io_uring() const noexcept {
    return files.commit_path() == dlq::CommitPath::kRing;
  }

  dlq::PosixFileSystem files;
  dlq::Recovery found;
};

}  // namespace esc::appliance
