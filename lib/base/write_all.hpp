// SPDX-License-Identifier: BSD-3-Clause
// Writing all of a text to a descriptor.
#pragma once

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string_view>

namespace esc {

inline constexpr int kForeverMs = -1;

/// Goes on after signals and partial writes. A descriptor that does not block is waited for each
/// time that it has no room: `patience_ms` at most, then ETIMEDOUT. 0, or the errno of what went
/// wrong; some of the text may be written then.
[[nodiscard]] inline int write_all(int fd, std::string_view text, int patience_ms) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (written == 0) {
      return ENOSPC;
    } else if (errno == EAGAIN) {
      pollfd room{fd, POLLOUT, 0};
      const int ready = ::poll(&room, 1, patience_ms);
      if (ready == 0) return ETIMEDOUT;
      if (ready < 0 && errno != EINTR) return errno;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace esc
