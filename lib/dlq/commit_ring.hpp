// A write and the sync behind it as one call of the kernel's, through io_uring.
#pragma once

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace esc::dlq {

/// Thread: one, that of open(), on whose CPUs the kernel's own workers stay as well: they must not
/// get in the way of lcores that poll.
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

  /// What came of both.
  struct Result {
    int error = 0;                ///< 0: all of it is written and synced
    bool sync_cancelled = false;  ///< as it is when the write was not whole
    bool forbidden = false;       ///< the kernel took neither: nothing was begun
    std::size_t written =
        0;  ///< with an error of 0: less than all of it, and not synced; go on there
  };
  /// Writes, and if that was whole, fdatasync. As of File::write for `offset` and `bytes`, which is
  /// not empty.
  [[nodiscard]] Result write_and_sync(int file, std::uint64_t offset,
                                      std::span<const std::byte> bytes);

 private:
  io_uring ring_{};
  bool open_ = false;
};

}  // namespace esc::dlq
