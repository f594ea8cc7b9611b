// SPDX-License-Identifier: BSD-3-Clause
// A folder of segment files, read: while an appliance writes it, after it stopped, or damaged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/file_descriptor.hpp"
#include "dlq/commit_buffer.hpp"
#include "dlq/file_system.hpp"
#include "dlq/scan.hpp"

namespace esc::dlq {

/// what() says what is wrong and where; fix() what to do about it. Both may hold a name from
/// outside.
class FolderError : public std::runtime_error {
 public:
  FolderError(const std::string& message, std::string fix)
      : std::runtime_error(message), fix_(std::move(fix)) {}
  [[nodiscard]] const std::string& fix() const noexcept { return fix_; }

 private:
  std::string fix_;
};

/// A file as the folder has it.
struct SegmentFile {
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
};

/// Room for one segment after the other. Thread: one.
class SegmentBytes {
 public:
  /// At least so much; what was in it is gone. Throws std::bad_alloc.
  [[nodiscard]] std::span<std::byte> room(std::size_t bytes);

 private:
  std::optional<AlignedBytes> memory_;
};

class Folder {
 public:
  /// Reads the folder's names. Throws FolderError.
  explicit Folder(const std::string& path);

  /// By their numbers.
  [[nodiscard]] const std::vector<SegmentFile>& segments() const noexcept { return segments_; }
  [[nodiscard]] const std::vector<FolderEntry>& spares() const noexcept { return spares_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// What is named like a segment or a spare file and is none: a link, a FIFO, a folder, or a spare
  /// file with somebody else's bytes.
  [[nodiscard]] const std::vector<std::string>& foreign() const noexcept { return foreign_; }

  /// The same file with the bytes that it has now.
  [[nodiscard]] SegmentFile measured(const SegmentFile& file) const;

  /// The header that a segment's file has now; none: it is gone, or has none that is sound.
  [[nodiscard]] std::optional<SegmentHeader> header(const SegmentFile& file) const;

  /// What is in a segment's file now; none if it is gone. A copy: an appliance may write the file
  /// meanwhile. Of a disk that gives no more than the first part, that part: `error` is its errno
  /// then, and 0 otherwise. Any thread, each with its own `room`.
  [[nodiscard]] std::optional<std::span<const std::byte>> read(const SegmentFile& file,
                                                               SegmentBytes& room,
                                                               int& error) const;

 private:
  [[nodiscard]] bool is_ours(const std::string& spare) const;

  FileDescriptor fd_;
  std::vector<SegmentFile> segments_;
  std::vector<FolderEntry> spares_;
  std::vector<std::string> foreign_;
  std::uint64_t bytes_ = 0;
};

/// What reading a segment for its records met.
struct SegmentRead {
  int error = 0;         ///< the errno with which the disk refused the rest
  bool damaged = false;  ///< it had more than could be read (soundness.hpp), or is none of ours
};

/// Whether a segment is damaged, by all that is in it. May read it several times, into memory of
/// its own. Any thread.
[[nodiscard]] bool is_damaged(const Folder& folder, const SegmentFile& file);

/// Calls `begin` with the header of a segment, and `visit` for its records, in their order, until
/// it says false. Any thread, each with its own `room`, in which the records lie.
template <class Begin, class Visit>
[[nodiscard]] SegmentRead for_each_record(const Folder& folder, const SegmentFile& file,
                                          SegmentBytes& room, Begin&& begin, Visit&& visit) {
  int error = 0;
  const auto bytes = folder.read(file, room, error);
  if (!bytes) return {};
  const ReadHeader read = read_header(*bytes);
  bool whole = false;
  if (read.fault == HeaderFault::kNone && read.header.number == file.number) {
    begin(read.header);
    SegmentCursor cursor(*bytes, read.header);
    while (const Record* record = cursor.next()) {
      if (!visit(*record)) return {};
    }
    const bool closed = cursor.end() == SegmentEnd::kSealed || cursor.end() == SegmentEnd::kFull;
    whole = closed && !is_cut(read.header, *bytes);
  }
  return {error, error == 0 && !whole && is_damaged(folder, file)};
}

template <class Visit>
[[nodiscard]] SegmentRead for_each_record(const Folder& folder, const SegmentFile& file,
                                          SegmentBytes& room, Visit&& visit) {
  return for_each_record(
      folder, file, room, [](const SegmentHeader&) {}, visit);
}

/// A segment, and what reading it met.
struct ScannedSegment {
  SegmentFile file;
  FoundSegment found;
  int error = 0;  ///< errno of the disk: what lies behind found.kept_bytes could not be read
};

/// Scans one; none: it is gone. Any thread, each with its own `room`.
[[nodiscard]] std::optional<ScannedSegment> scan_file(const Folder& folder, SegmentFile file,
                                                      SegmentBytes& room);

/// Scans all segments, on as many threads as oneTBB has. `on_read(bytes)` is told of each that is
/// done, from any thread. Those that are gone meanwhile are left out. By their numbers.
[[nodiscard]] std::vector<ScannedSegment> scan_folder(
    const Folder& folder, const std::function<void(std::uint64_t bytes)>& on_read = {});

/// Why an appliance must not write into such a folder: something that is not its own, or that a
/// newer version made. Throws FolderError.
void check_usable(const std::string& path, const Folder& folder,
                  std::span<const ScannedSegment> segments);

/// The same by what is in the headers, which is all that it takes; none of the letters is read.
void check_headers(const std::string& path);

}  // namespace esc::dlq
