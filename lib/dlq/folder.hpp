// SPDX-License-Identifier: BSD-3-Clause
// Reads a folder of segment files: one that an appliance is writing, one that it has left, or a
// damaged one.
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

/// A file of the folder.
struct SegmentFile {
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
};

/// Room for one segment after the other. Thread: one.
class SegmentBytes {
 public:
  /// Room for at least so many bytes; what was in it before is gone. Throws std::bad_alloc.
  [[nodiscard]] std::span<std::byte> room(std::size_t bytes);

 private:
  std::optional<AlignedBytes> memory_;
};

class Folder {
 public:
  /// Reads the folder's names. Throws FolderError.
  explicit Folder(const std::string& path);

  /// Sorted by their numbers.
  [[nodiscard]] const std::vector<SegmentFile>& segments() const noexcept { return segments_; }
  [[nodiscard]] const std::vector<FolderEntry>& spares() const noexcept { return spares_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// Names of things that are named like a segment or a spare file but are something else: a link,
  /// a FIFO, a folder, or a spare file with somebody else's bytes.
  [[nodiscard]] const std::vector<std::string>& foreign() const noexcept { return foreign_; }

  /// The same file, with its present size.
  [[nodiscard]] SegmentFile measured(const SegmentFile& file) const;

  /// The header that a segment's file has now; nullopt: the file is gone, or its header is not
  /// sound.
  [[nodiscard]] std::optional<SegmentHeader> header(const SegmentFile& file) const;

  /// Returns what is in a segment's file now; nullopt: the file is gone. It is a copy, since an
  /// appliance may write the file meanwhile. If the disk gives only the first part, returns that
  /// part and sets `error` to the errno; otherwise `error` is 0. Any thread, each with its own
  /// `room`.
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

/// What happened while a segment's records were read.
struct SegmentRead {
  int error = 0;  ///< the errno with which the disk refused the rest
  /// It had more records than could be read (soundness.hpp), or it is not ours.
  bool damaged = false;
};

/// Whether a segment is damaged. Reads all of it, perhaps several times, into memory of its own.
/// Any thread.
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

/// A segment, and what happened while it was read.
struct ScannedSegment {
  SegmentFile file;
  FoundSegment found;
  int error = 0;  ///< errno of the disk, if what lies behind found.kept_bytes could not be read
};

/// Scans one segment; nullopt: it is gone. Any thread, each with its own `room`.
[[nodiscard]] std::optional<ScannedSegment> scan_file(const Folder& folder, SegmentFile file,
                                                      SegmentBytes& room);

/// Scans all segments, on as many threads as oneTBB has. Calls `on_read(bytes)` for each segment
/// that is done, from any thread. Segments that have gone meanwhile are left out. Sorted by their
/// numbers.
[[nodiscard]] std::vector<ScannedSegment> scan_folder(
    const Folder& folder, const std::function<void(std::uint64_t bytes)>& on_read = {});

/// Throws FolderError if an appliance must not write into this folder, because something in it is
/// not its own or was made by a newer version.
void check_usable(const std::string& path, const Folder& folder,
                  std::span<const ScannedSegment> segments);

/// The same, but reads only the headers, which is enough for that, and none of the letters.
void check_headers(const std::string& path);

}  // namespace esc::dlq
