// SPDX-License-Identifier: BSD-3-Clause
#include "dlq/segment_log.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace esc::dlq {
namespace {

// one commit skips at most so many names that somebody else has taken
constexpr std::size_t kMostNamesTaken = 64;

}  // namespace

int SegmentLog::commit(CommitBuffer& buffer, std::uint64_t now_ns, std::uint64_t tick_ns) {
  const std::span<const std::byte> bytes = buffer.finish();
  if (bytes.empty()) return 0;
  // A seal needs a block after the last commit.
  const bool fits = file_ != nullptr && buffer.first_id() == next_id_ &&
                    bytes.size() + kBlockBytes <= settings_.segment_bytes - offset_;
  if (!fits) {
    if (tick_ns < not_before_tick_ns_) return last_error_;
    close(now_ns);
    if (bytes.size() + 2 * kBlockBytes > settings_.segment_bytes) return EFBIG;
    if (const int error = begin(buffer.first_id(), now_ns); error != 0) {
      last_error_ = error;
      not_before_tick_ns_ = tick_ns + settings_.retry_ns;
      return error;
    }
  }
  if (const int error = file_->write_and_sync(offset_, bytes); error != 0) {
    // After an error the kernel drops what it could not write, and the next sync would return 0.
    ++abandoned_;
    put_aside(now_ns, false);
    return error;
  }
  offset_ += bytes.size();
  records_ += buffer.records();
  next_id_ = buffer.first_id() + buffer.records();
  return 0;
}

void SegmentLog::close(std::uint64_t now_ns) {
  if (file_ == nullptr) return;
  AlignedBytes block(kBlockBytes);
  const std::uint32_t seed = run_seed(settings_.run);
  write_seal(block.span().data(), seed, next_id_);
  write_pad(block.span().subspan(sizeof(Seal)), seed);
  put_aside(now_ns, file_->write_and_sync(offset_, block.span()) == 0);
}

void SegmentLog::put_aside(std::uint64_t now_ns, bool reusable) {
  keep({.number = number_,
        .bytes = settings_.segment_bytes,
        .last_ns = now_ns,
        .records = records_,
        .reusable = reusable});
  file_.reset();
}

int SegmentLog::begin(std::uint64_t first_id, std::uint64_t now_ns) {
  int error = EEXIST;
  // If somebody else has taken the name, that file is left alone and the next number is tried at
  // once.
  for (std::size_t i = 0; i < kMostNamesTaken && error == EEXIST; ++i) {
    error = begin_next(first_id, now_ns);
  }
  return error;
}

int SegmentLog::begin_next(std::uint64_t first_id, std::uint64_t now_ns) {
  const SegmentHeader header{.number = next_number_,
                             .run = settings_.run,
                             .first_id = first_id,
                             .created_ns = now_ns,
                             .bytes = settings_.segment_bytes,
                             .instance = settings_.instance};
  // The number is used up even if this fails, since a file of that name may exist.
  ++next_number_;
  std::unique_ptr<File> file;
  if (const int error = prepare(file, header); error != 0) {
    file.reset();
    if (error != EEXIST) (void)files_.remove(segment_name(header.number));
    return error;
  }
  file_ = std::move(file);
  number_ = header.number;
  offset_ = kBlockBytes;
  records_ = 0;
  next_id_ = first_id;
  ++begun_;
  return 0;
}

// Writes the header of a file and syncs both: from then on what is synced in the file is durable.
int SegmentLog::prepare(std::unique_ptr<File>& file, const SegmentHeader& header) {
  if (const int error = open_new(file, header); error != 0) return error;
  AlignedBytes block(kBlockBytes);
  const Block bytes = write_header(header);
  std::ranges::copy(bytes, block.span().begin());
  if (const int error = file->write_and_sync(0, block.span()); error != 0) return error;
  return files_.sync_folder();
}

// A spare file keeps its old header until the new one is written over it. Until then the header's
// number differs from the file's name, so the file counts as having no records (see scan.hpp).
int SegmentLog::open_new(std::unique_ptr<File>& file, const SegmentHeader& header) {
  const std::string name = segment_name(header.number);
  while (!spares_.empty()) {
    const std::string spare = std::move(spares_.back());
    spares_.pop_back();
    const int error = files_.rename(spare, name);
    if (error == 0) return files_.reuse(name, file);
    if (error == EEXIST) {
      spares_.push_back(spare);
      return error;
    }
  }
  if (settings_.min_free_bytes != 0) {
    std::uint64_t free = 0;
    if (const int error = files_.free_bytes(free); error != 0) return error;
    if (free < settings_.min_free_bytes || free - settings_.min_free_bytes < header.bytes)
      return ENOSPC;
  }
  return files_.create(name, header.bytes, file);
}

int SegmentLog::drop_spare() {
  if (spares_.empty()) return 0;
  const int error = files_.remove(spares_.back());
  if (error != 0 && error != ENOENT) return error;
  spares_.pop_back();
  return files_.sync_folder();
}

int SegmentLog::remove_oldest(bool recycle) {
  if (kept_.empty()) return 0;
  const KeptSegment& oldest = kept_.front();
  const std::string name = segment_name(oldest.number);
  int error = EEXIST;
  if (recycle && spares_.size() < settings_.max_spares && oldest.reusable) {
    const std::string spare = spare_name(oldest.number);
    error = files_.rename(name, spare);
    if (error == 0) spares_.push_back(spare);
  }
  if (error == EEXIST) error = files_.remove(name);
  if (error != 0 && error != ENOENT) return error;
  kept_bytes_ -= oldest.bytes;
  kept_.pop_front();
  return files_.sync_folder();
}

}  // namespace esc::dlq
