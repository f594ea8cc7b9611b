// SPDX-License-Identifier: BSD-3-Clause
// The folder in which dead letters are kept: whether it can be used, and what is in it already.
#pragma once

#include <vector>

#include "config/config.hpp"
#include "config/environment.hpp"
#include "dlq/posix_file_system.hpp"
#include "dlq/recovery.hpp"

namespace esc::appliance {

/// What a DeadLetterFolder would refuse, in its words. Makes nothing and locks nothing; reads only
/// the header of each segment.
[[nodiscard]] std::vector<config::Finding> check_dead_letters(const config::Config& config);

/// The folder, and what is in it already. It is made before EAL, which ties the caller to one CPU,
/// because reading uses all CPUs; and before ports receive, because nobody polls them meanwhile.
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
