// SPDX-License-Identifier: BSD-3-Clause
#include "dlq/folder.hpp"

#include <fcntl.h>
#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/parallel_for.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/errno_text.hpp"
#include "dlq/posix_file_system.hpp"
#include "dlq/soundness.hpp"
#include "files/place.hpp"
#include "files/regular_file.hpp"

namespace esc::dlq {
namespace {

std::string fix_of(int error) {
  if (error == ENOENT) return "name a folder that is there, or start the appliance that makes it";
  if (error == EACCES) return "run this as the user the appliance runs as";
  if (error == ENOTDIR) return "name the folder, not a file in it";
  return "look at the disk and at who may read the folder";
}

[[noreturn]] void fail(const std::string& path, int error) {
  throw FolderError("dead letters in '" + path + "': " + errno_text(error), fix_of(error));
}

}  // namespace

std::span<std::byte> SegmentBytes::room(std::size_t bytes) {
  if (!memory_ || memory_->span().size() < bytes) {
    memory_.reset();
    memory_.emplace(std::max(bytes, kBlockBytes));
    // Asks for large pages: a segment is read through once, which on small pages costs a fault and
    // a TLB miss for each. If there are none, nothing is lost.
    (void)::madvise(memory_->span().data(), memory_->span().size(), MADV_HUGEPAGE);
  }
  return memory_->span();
}

Folder::Folder(const std::string& path)
    : fd_(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (!fd_.valid()) fail(path, errno);
  std::vector<FolderEntry> entries;
  if (const int error = list_folder(fd_.get(), entries); error != 0) fail(path, error);
  for (FolderEntry& entry : entries) {
    const bool named = segment_number(entry.name) || spare_number(entry.name);
    if (named && !entry.regular) {
      foreign_.push_back(std::move(entry.name));
    } else if (const auto number = segment_number(entry.name)) {
      segments_.push_back({*number, entry.bytes});
      bytes_ += entry.bytes;
    } else if (named && is_ours(entry.name)) {
      spares_.push_back(std::move(entry));
    } else if (named) {
      foreign_.push_back(std::move(entry.name));
    }
  }
  std::ranges::sort(segments_, {}, &SegmentFile::number);
  std::ranges::sort(spares_, {}, &FolderEntry::name);
}

SegmentFile Folder::measured(const SegmentFile& file) const {
  struct stat found {};
  const std::string name = segment_name(file.number);
  if (::fstatat(fd_.get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) return file;
  return {file.number, static_cast<std::uint64_t>(found.st_size)};
}

// A spare file has the header of the segment that it was before. One that cannot be read is taken
// for ours; an error will show when it is written.
bool Folder::is_ours(const std::string& spare) const {
  const files::Opened opened =
      files::open_regular_at(fd_.get(), spare, O_RDONLY, files::Links::kRefuse);
  if (!opened.fd.valid()) return opened.error != 0;
  AlignedBytes block(kBlockBytes);
  const ssize_t got = ::pread(opened.fd.get(), block.span().data(), block.span().size(), 0);
  if (got < static_cast<ssize_t>(kBlockBytes)) return got < 0;
  return read_header(block.span()).fault != HeaderFault::kForeign;
}

std::optional<SegmentHeader> Folder::header(const SegmentFile& file) const {
  SegmentBytes room;
  int error = 0;
  const auto bytes =
      read({file.number, std::min<std::uint64_t>(file.bytes, kBlockBytes)}, room, error);
  if (!bytes) return std::nullopt;
  const ReadHeader read = read_header(*bytes);
  if (read.fault != HeaderFault::kNone || read.header.number != file.number) return std::nullopt;
  return read.header;
}

std::optional<std::span<const std::byte>> Folder::read(const SegmentFile& file, SegmentBytes& room,
                                                       int& error) const {
  error = 0;
  const files::Opened opened =
      files::open_regular_at(fd_.get(), segment_name(file.number), O_RDONLY, files::Links::kRefuse);
  if (opened.error == ENOENT) return std::nullopt;
  if (!opened.fd.valid()) {
    error = opened.error != 0 ? opened.error : files::kNotRegular;
    return std::span<const std::byte>{};
  }
  const std::size_t wanted = std::min(file.bytes, kMaxSegmentBytes);
  const std::span<std::byte> bytes = room.room(wanted);
  std::size_t done = 0;
  while (done < wanted) {
    const ssize_t got =
        ::pread(opened.fd.get(), bytes.data() + done, wanted - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = errno;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  return bytes.first(done);
}

std::optional<ScannedSegment> scan_file(const Folder& folder, SegmentFile file,
                                        SegmentBytes& room) {
  int error = 0;
  const auto scan = [&] {
    return scan_growing(file.number, [&] { return folder.read(file, room, error); });
  };
  auto found = scan();
  if (found && found->cut && error == 0) {
    // Or its size was read while an appliance was making it.
    file = folder.measured(file);
    found = scan();
  }
  if (!found) return std::nullopt;
  // bytes are missing because of the error, not because the file was cut
  if (error != 0) found->cut = false;
  return ScannedSegment{file, std::move(*found), error};
}

bool is_damaged(const Folder& folder, const SegmentFile& file) {
  SegmentBytes room;
  const auto segment = scan_file(folder, file, room);
  return segment && soundness_of(*segment) == Soundness::kDamaged;
}

std::vector<ScannedSegment> scan_folder(const Folder& folder,
                                        const std::function<void(std::uint64_t)>& on_read) {
  const std::vector<SegmentFile>& files = folder.segments();
  std::vector<std::optional<ScannedSegment>> scanned(files.size());
  tbb::enumerable_thread_specific<SegmentBytes> rooms;
  tbb::parallel_for(std::size_t{0}, files.size(), [&](std::size_t i) {
    scanned[i] = scan_file(folder, files[i], rooms.local());
    if (on_read) on_read(files[i].bytes);
  });
  std::vector<ScannedSegment> found;
  for (std::optional<ScannedSegment>& segment : scanned) {
    if (segment) found.push_back(std::move(*segment));
  }
  for (const std::string& name : folder.foreign()) {
    const auto number = segment_number(name);
    if (!number) continue;
    FoundSegment foreign;
    foreign.number = *number;
    foreign.state = SegmentState::kForeign;
    found.push_back({{*number, 0}, std::move(foreign), 0});
  }
  std::ranges::sort(found, {}, [](const ScannedSegment& segment) { return segment.file.number; });
  return found;
}

void check_usable(const std::string& path, const Folder& folder,
                  std::span<const ScannedSegment> segments) {
  if (!folder.foreign().empty()) {
    const std::string& name = folder.foreign().front();
    throw FolderError("'" + path + "/" + name + "' is named like one of its files, and is none",
                      "give dead letters a folder of their own, or take that away");
  }
  for (const ScannedSegment& segment : segments) {
    const std::string file = path + "/" + segment_name(segment.file.number);
    if (segment.found.state == SegmentState::kForeign) {
      throw FolderError("'" + file + "' is no segment of dead letters",
                        "give dead letters a folder of their own, or take that file away");
    }
    if (segment.found.state == SegmentState::kNewer) {
      throw FolderError("'" + file + "' has format version " +
                            std::to_string(segment.found.version) + "; this program knows " +
                            std::to_string(kVersion),
                        "use the version that wrote it, or another folder");
    }
  }
}

void check_headers(const std::string& path) {
  const Folder folder(path);
  SegmentBytes room;
  std::vector<ScannedSegment> segments;
  for (const SegmentFile& file : folder.segments()) {
    const SegmentFile head{file.number, std::min<std::uint64_t>(file.bytes, kBlockBytes)};
    int error = 0;
    const auto bytes = folder.read(head, room, error);
    if (bytes && error == 0) segments.push_back({file, scan_segment(file.number, *bytes), 0});
  }
  check_usable(path, folder, segments);
}

}  // namespace esc::dlq
