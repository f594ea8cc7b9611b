// SPDX-License-Identifier: BSD-3-Clause
// Appends commits to segment files, and never reports a commit as durable when it may not be.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dlq/commit_buffer.hpp"
#include "dlq/file_system.hpp"
#include "dlq/segment.hpp"

namespace esc::dlq {

struct LogSettings {
  std::string instance;
  std::uint64_t segment_bytes = std::uint64_t{64} << 20;  ///< a multiple of kBlockBytes
  std::uint64_t run = 0;                                  ///< random, of this start
  /// After a segment could not be begun, it waits so long before it tries again; meanwhile commits
  /// fail at once.
  std::uint64_t retry_ns = 1'000'000'000;
  std::size_t max_spares = 2;
  std::uint64_t min_free_bytes = 0;  ///< no new file is made if less would then be free on the disk
};

/// A segment that is not written any more.
struct KeptSegment {
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  std::uint64_t last_ns = 0;  ///< Unix time; no letter in it died later
  std::uint64_t records = 0;
  bool reusable = true;  ///< false: the disk failed on it, or it has another size
};

/// The log of one appliance. Thread: one, which may wait for the disk.
class SegmentLog {
 public:
  /// `first_number`: higher than the number of every existing file.
  SegmentLog(FileSystem& files, const LogSettings& settings, std::uint64_t first_number)
      : files_(files), settings_(settings), next_number_(first_number) {}

  /// Writes a commit and syncs it. Returns 0: it survives; or an errno: it may be lost. A commit
  /// that failed is not tried again: nothing more is written to its segment, and the next commit
  /// begins another. `now_ns`: Unix time; `tick_ns`: of a clock that does not jump.
  [[nodiscard]] int commit(CommitBuffer& buffer, std::uint64_t now_ns, std::uint64_t tick_ns);

  /// Ends the open segment with a seal, so that a reader knows that nothing is missing. If this
  /// fails, only the seal is missing.
  void close(std::uint64_t now_ns);

  /// Takes out the oldest of the segments that are not written any more. `recycle`: keeps its file,
  /// whose blocks the disk has, for a new one, if there are fewer than `max_spares`. 0 or an errno.
  /// The segment is forgotten even if the folder could not be synced.
  [[nodiscard]] int remove_oldest(bool recycle = true);
  /// Removes a spare file, if there is one. 0 or an errno.
  [[nodiscard]] int drop_spare();
  /// Oldest first. Those found at start are put there by keep().
  [[nodiscard]] const std::deque<KeptSegment>& kept() const noexcept { return kept_; }
  void keep(const KeptSegment& segment) {
    kept_.push_back(segment);
    kept_bytes_ += segment.bytes;
  }
  /// A spare file found at start, of the size of a segment.
  void keep_spare(const std::string& name) { spares_.push_back(name); }

  /// Segments there are, the open one included, and their bytes; and spare files.
  [[nodiscard]] std::size_t segments() const noexcept { return kept_.size() + (file_ ? 1U : 0U); }
  [[nodiscard]] std::uint64_t bytes() const noexcept {
    return kept_bytes_ + (file_ ? settings_.segment_bytes : 0);
  }
  [[nodiscard]] std::size_t spares() const noexcept { return spares_.size(); }
  [[nodiscard]] std::uint64_t segment_bytes() const noexcept { return settings_.segment_bytes; }

  /// The number of the open segment, or of the last one.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  /// Segments begun, and those given up because of an error.
  [[nodiscard]] std::uint64_t begun() const noexcept { return begun_; }
  [[nodiscard]] std::uint64_t abandoned() const noexcept { return abandoned_; }

 private:
  [[nodiscard]] int begin(std::uint64_t first_id, std::uint64_t now_ns);
  [[nodiscard]] int begin_next(std::uint64_t first_id, std::uint64_t now_ns);
  [[nodiscard]] int prepare(std::unique_ptr<File>& file, const SegmentHeader& header);
  [[nodiscard]] int open_new(std::unique_ptr<File>& file, const SegmentHeader& header);
  void put_aside(std::uint64_t now_ns, bool reusable);

  FileSystem& files_;
  LogSettings settings_;
  std::uint64_t next_number_;
  std::unique_ptr<File> file_;  ///< null: the next commit begins a segment
  std::uint64_t number_ = 0;    ///< of the open one, like what follows
  std::uint64_t offset_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t next_id_ = 0;
  std::uint64_t not_before_tick_ns_ = 0;  ///< no new segment is tried before
  int last_error_ = 0;                    ///< of the last try
  std::deque<KeptSegment> kept_;
  std::uint64_t kept_bytes_ = 0;
  std::vector<std::string> spares_;
  std::uint64_t begun_ = 0;
  std::uint64_t abandoned_ = 0;
};

}  // namespace esc::dlq
