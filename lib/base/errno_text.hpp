// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <system_error>

namespace esc {

/// What the system calls `error` (a value of errno). Any thread, unlike std::strerror.
inline std::string errno_text(int error) {
  return std::generic_category().message(error);
}

}  // namespace esc
