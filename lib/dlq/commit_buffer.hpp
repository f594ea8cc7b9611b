// SPDX-License-Identifier: BSD-3-Clause
// Gathers the records of one commit in the memory from which they are written to the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>

#include "dlq/record.hpp"
#include "dlq/segment.hpp"

namespace esc::dlq {

/// Bytes that begin at a block. Allocated once.
class AlignedBytes {
 public:
  /// Rounded up to whole blocks. Throws std::bad_alloc.
  explicit AlignedBytes(std::size_t bytes)
      : bytes_((bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes),
        memory_(static_cast<std::byte*>(std::aligned_alloc(kBlockBytes, bytes_))) {
    if (!memory_) throw std::bad_alloc();
  }
  [[nodiscard]] std::span<std::byte> span() const noexcept { return {memory_.get(), bytes_}; }

 private:
  struct Free {
    // NOLINTNEXTLINE(cppcoreguidelines-no-malloc): what std::aligned_alloc gave
    void operator()(std::byte* memory) const noexcept { std::free(memory); }
  };
  std::size_t bytes_;
  std::unique_ptr<std::byte, Free> memory_;
};

/// Takes records until it is full or finish() is called; then it is a commit, which may go to any
/// segment. Thread: the one that holds it.
class CommitBuffer {
 public:
  /// `run`: the number of this start. `bytes`: room for the records of a commit, at least for one
  /// of the longest.
  CommitBuffer(std::size_t bytes, std::uint64_t run) : memory_(bytes), seed_(run_seed(run)) {}

  /// Bytes that hold one record of any size, and no less.
  static constexpr std::size_t kMinBytes = sizeof(CommitHead) + record_bytes(kMaxFrameBytes);

  /// False: no room for it in this commit. Ids count up one by one.
  [[nodiscard]] bool add(std::uint64_t id, const Letter& letter,
                         std::span<const std::byte> frame) noexcept {
    const std::size_t bytes = record_bytes(frame.size());
    if (bytes > memory_.span().size() - used_) return false;
    write_record(memory_.span().data() + used_, seed_, id, letter, frame);
    if (records_ == 0) first_id_ = id;
    used_ += bytes;
    ++records_;
    return true;
  }

  /// Returns whole blocks; padding fills the rest of the last one. Empty if there is no record.
  [[nodiscard]] std::span<const std::byte> finish() noexcept {
    if (records_ == 0) return {};
    const std::size_t whole = (used_ + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
    if (whole != used_) write_pad(memory_.span().subspan(used_, whole - used_), seed_);
    write_commit_head(memory_.span().data(), seed_, first_id_, whole);
    used_ = whole;
    return memory_.span().first(whole);
  }
  void clear() noexcept {
    used_ = sizeof(CommitHead);
    records_ = 0;
  }

  [[nodiscard]] std::size_t used() const noexcept { return used_; }
  [[nodiscard]] std::uint64_t records() const noexcept { return records_; }
  [[nodiscard]] std::uint64_t first_id() const noexcept { return first_id_; }

 private:
  AlignedBytes memory_;
  std::uint32_t seed_;
  std::size_t used_ = sizeof(CommitHead);
  std::uint64_t records_ = 0;
  std::uint64_t first_id_ = 0;
};

}  // namespace esc::dlq
