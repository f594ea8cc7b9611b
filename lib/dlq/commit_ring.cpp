#include "dlq/commit_ring.hpp"

#include <sched.h>

#include <array>
#include <cerrno>

namespace esc::dlq {
namespace {

constexpr unsigned kEntries = 4;
constexpr std::uint64_t kWrite = 0;
constexpr std::uint64_t kSync = 1;

}  // namespace

int CommitRing::open() {
  if (const int error = io_uring_queue_init(kEntries, &ring_, 0); error != 0) return -error;
  open_ = true;
  // Rings are older than plain writes in them.
  io_uring_probe* known = io_uring_get_probe_ring(&ring_);
  const bool enough = known != nullptr && io_uring_opcode_supported(known, IORING_OP_WRITE) != 0 &&
                      io_uring_opcode_supported(known, IORING_OP_FSYNC) != 0;
  io_uring_free_probe(known);
  if (!enough) {
    close();
    return ENOSYS;
  }
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  // Where that is not to be had they run where they like.
  if (sched_getaffinity(0, sizeof cpus, &cpus) == 0)
    (void)io_uring_register_iowq_aff(&ring_, sizeof cpus, &cpus);
  return 0;
}

void CommitRing::close() noexcept {
  if (open_) io_uring_queue_exit(&ring_);
  open_ = false;
}

// The sync waits for the write: a link. A write that fails or is short breaks it, and the sync is
// given back as cancelled.
CommitRing::Result CommitRing::write_and_sync(int file, std::uint64_t offset,
                                              std::span<const std::byte> bytes) {
  io_uring_sqe* write = io_uring_get_sqe(&ring_);
  io_uring_prep_write(write, file, bytes.data(), static_cast<unsigned>(bytes.size()), offset);
  write->flags |= IOSQE_IO_LINK;
  write->user_data = kWrite;
  io_uring_sqe* sync = io_uring_get_sqe(&ring_);
  io_uring_prep_fsync(sync, file, IORING_FSYNC_DATASYNC);
  sync->user_data = kSync;

  int submitted = -EINTR;
  while (submitted == -EINTR) submitted = io_uring_submit(&ring_);
  if (submitted <= 0) return {.error = submitted == 0 ? EAGAIN : -submitted, .forbidden = true};

  // All are waited for, whatever becomes of either: the kernel may read `bytes` until then. A sync
  // that it did not take with the write would not be behind it.
  std::array<int, 2> results{-EIO, -EAGAIN};
  for (int left = submitted; left != 0;) {
    io_uring_cqe* done = nullptr;
    const int waited = io_uring_wait_cqe(&ring_, &done);
    if (waited == -EINTR) continue;
    if (waited < 0) {
      close();
      return {.error = -waited};
    }
    results[done->user_data] = done->res;
    io_uring_cqe_seen(&ring_, done);
    --left;
  }
  if (submitted == 1) close();
  const auto [wrote, synced] = results;
  const bool cancelled = synced == -ECANCELED;
  if (wrote < 0) return {.error = -wrote, .sync_cancelled = cancelled};
  const auto written = static_cast<std::size_t>(wrote);
  if (written < bytes.size()) return {.sync_cancelled = cancelled, .written = written};
  return {.error = synced < 0 ? -synced : 0, .written = written};
}

}  // namespace esc::dlq
