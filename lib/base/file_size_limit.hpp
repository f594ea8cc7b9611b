// SPDX-License-Identifier: BSD-3-Clause
// The limit on file sizes (ulimit -f, LimitFSIZE=).
#pragma once

#include <csignal>

namespace esc {

/// A write past the limit fails with EFBIG, like any other error of the disk, instead of killing
/// the program. First thing in main() of every program that writes files.
inline void let_oversized_writes_fail() noexcept {
  std::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace esc
