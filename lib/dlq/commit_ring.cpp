// SPDX-License-Identifier: BSD-3-Clause
#include "dlq/commit_ring.hpp"

#include <sched.h>
#include <sys/uio.h>

#include <cerrno>

namespace esc::dlq {
namespace {

constexpr unsigned kEntries = 4;

}  // namespace

int CommitRing::open() {
  if (const int error = io_uring_queue_init(kEntries, &ring_, 0); error != 0) return -error;
  open_ = true;
  // Early kernels have io_uring but no plain write in it.
  io_uring_probe* known = io_uring_get_probe_ring(&ring_);
  const bool enough = known != nullptr && io_uring_opcode_supported(known, IORING_OP_WRITE) != 0;
  io_uring_free_probe(known);
  if (!enough) {
    close();
    return ENOSYS;
  }
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  // Where that fails the kernel's workers may run on any CPU.
  if (sched_getaffinity(0, sizeof cpus, &cpus) == 0)
    (void)io_uring_register_iowq_aff(&ring_, sizeof cpus, &cpus);
  return 0;
}

void CommitRing::close() noexcept {
  if (open_) io_uring_queue_exit(&ring_);
  open_ = false;
}

// The sync is part of the write: the kernel completes the request when both are done, or with the
// error of either.
CommitRing::Result CommitRing::write_and_sync(int file, std::uint64_t offset,
                                              std::span<const std::byte> bytes) {
  io_uring_sqe* write = io_uring_get_sqe(&ring_);
  io_uring_prep_write(write, file, bytes.data(), static_cast<unsigned>(bytes.size()), offset);
  write->rw_flags = RWF_DSYNC;

  int submitted = -EINTR;
  while (submitted == -EINTR) submitted = io_uring_submit(&ring_);
  if (submitted != 1) return {.error = submitted == 0 ? EAGAIN : -submitted, .forbidden = true};

  // Waits for the completion in any case, since the kernel reads `bytes` until then.
  io_uring_cqe* done = nullptr;
  int waited = -EINTR;
  while (waited == -EINTR) waited = io_uring_wait_cqe(&ring_, &done);
  if (waited < 0) {
    close();
    return {.error = -waited};
  }
  const int wrote = done->res;
  io_uring_cqe_seen(&ring_, done);
  if (wrote < 0) return {.error = -wrote};
  return {.written = static_cast<std::size_t>(wrote)};
}

}  // namespace esc::dlq
