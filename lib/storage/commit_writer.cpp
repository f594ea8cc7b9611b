// SPDX-License-Identifier: BSD-3-Clause
#include "storage/commit_writer.hpp"

#include <cstddef>

namespace esc::storage {

bool CommitWriter::write_one(std::uint64_t (*unix_ns)(), std::uint64_t (*tick_ns)()) {
  Commit* commit = pipe_.full();
  if (commit == nullptr) return false;
  const std::uint64_t began = tick_ns();
  const int error = log_.commit(commit->buffer, unix_ns(), began);
  counters_.commit_ns.add(tick_ns() - began);
  count(*commit, error);
  settle_(*commit, error == 0);
  show();
  pipe_.give_back(*commit);
  return true;
}

void CommitWriter::count(const Commit& commit, int error) {
  counters_.last_error.set(static_cast<std::uint64_t>(error));
  if (error == 0) {
    counters_.commits.add();
    counters_.bytes.add(commit.buffer.used());
  } else {
    counters_.commits_failed.add();
  }
}

void CommitWriter::retain(std::uint64_t unix_ns) {
  using Step = dlq::Retention::Step;
  for (Step step = retention_.next(log_, unix_ns); step != Step::kNone;
       step = retention_.next(log_, unix_ns)) {
    if (step == Step::kDropSpare) {
      (void)log_.drop_spare();
      break;
    }
    const std::uint64_t letters = log_.kept().front().records;
    const std::size_t before = log_.kept().size();
    const int error = log_.remove_oldest(step == Step::kRecycle);
    if (log_.kept().size() != before) {
      counters_.segments_removed.add();
      counters_.letters_removed.add(letters);
    }
    // If the disk refuses, the next call of retain() tries again.
    if (error != 0 || step == Step::kDelete) break;
  }
  show();
}

void CommitWriter::close(std::uint64_t unix_ns) {
  log_.close(unix_ns);
  show();
}

void CommitWriter::show() {
  counters_.segments_begun.set(log_.begun());
  counters_.segments_abandoned.set(log_.abandoned());
  counters_.segments.set(log_.segments());
  counters_.segment_bytes.set(log_.bytes());
}

}  // namespace esc::storage
