// SPDX-License-Identifier: BSD-3-Clause
// A write and its sync in one request to the kernel, through io_uring.
#pragma once

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace esc::dlq {

/// Thread: the one that called open(). The kernel's workers are kept on that thread's CPUs too, so
/// that they do not disturb lcores that poll.
class CommitRing {
 public:
  CommitRing() = default;
  ~CommitRing() { close(); }
  CommitRing(const CommitRing&) = delete;
  CommitRing& operator=(const CommitRing&) = delete;

  /// 0 or an errno: EPERM, ENOSYS where the kernel or a filter forbids it.
  [[nodiscard]] int open();
  [[nodiscard]] bool is_open() const noexcept { return open_; }
  void close() noexcept;

  struct Result {
    int error = 0;            ///< 0: `written` bytes are written and synced
    bool forbidden = false;   ///< the kernel refused the request: nothing was begun
    std::size_t written = 0;  ///< perhaps less than all: go on there
  };
  /// As File::write_and_sync(); `bytes` is not empty.
  [[nodiscard]] Result write_and_sync(int file, std::uint64_t offset,
                                      std::span<const std::byte> bytes);

 private:
  io_uring ring_{};
  bool open_ = false;
};

}  // namespace esc::dlq
