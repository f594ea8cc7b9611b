// SPDX-License-Identifier: BSD-3-Clause
#include "esc-dlq/purge.hpp"

#include <cerrno>
#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "base/errno_text.hpp"
#include "dlq/folder.hpp"
#include "dlq/posix_file_system.hpp"
#include "dlq/soundness.hpp"
#include "esc-dlq/progress.hpp"

namespace esc::dlq_tool {
namespace {

// A segment that cannot be read to its end may hold letters of any age.
bool is_meant(const dlq::ScannedSegment& segment, const PurgeOptions& options) {
  if (options.all) return true;
  if (dlq::soundness_of(segment) == dlq::Soundness::kDamaged) return false;
  return segment.found.records == 0 || segment.found.last_died_ns < options.until_ns;
}

void take_folder(dlq::PosixFileSystem& files, const std::string& path) {
  const int error = files.open(path);
  if (error == 0) return;
  const std::string what = "dead letters in '" + path + "': ";
  if (error == EWOULDBLOCK) {
    throw dlq::FolderError(what + "another program has the folder",
                           "stop that escd first, or leave it to its bounds in [dead_letters]");
  }
  throw dlq::FolderError(what + errno_text(error), "run this as the user the appliance runs as");
}

void remove(dlq::FileSystem& files, const std::string& name, std::size_t before) {
  const int error = files.remove(name);
  if (error == 0 || error == ENOENT) return;
  throw dlq::FolderError("'" + name + "' cannot be removed: " + errno_text(error) + "; " +
                             std::to_string(before) + " files before it were",
                         "look at the disk, and at who may write the folder");
}

void sync(dlq::FileSystem& files, const std::string& path, std::size_t removed) {
  const int error = files.sync_folder();
  if (error == 0) return;
  throw dlq::FolderError(std::to_string(removed) + " files were removed from '" + path +
                             "', but the disk did not confirm it: " + errno_text(error),
                         "look at the disk; after a power failure they may be there again");
}

}  // namespace

void purge(std::ostream& out, const std::string& path, const PurgeOptions& options, bool json) {
  const dlq::Folder folder(path);  // first, since the folder has to exist
  dlq::PosixFileSystem files;
  if (!options.dry_run) take_folder(files, path);
  std::vector<dlq::ScannedSegment> segments;
  {
    Progress progress("reading", folder.bytes());
    segments = dlq::scan_folder(folder, [&](std::uint64_t n) { progress.add(n); });
  }
  dlq::check_usable(path, folder, segments);
  nlohmann::ordered_json names = nlohmann::ordered_json::array();
  std::uint64_t letters = 0;
  std::uint64_t bytes = 0;
  const auto take_out = [&](const std::string& name, std::uint64_t size) {
    if (!options.dry_run) remove(files, name, names.size());
    names.push_back(name);
    bytes += size;
  };
  for (const dlq::ScannedSegment& segment : segments) {
    if (!is_meant(segment, options)) continue;
    take_out(dlq::segment_name(segment.file.number), segment.file.bytes);
    letters += segment.found.records;
  }
  if (options.all) {
    for (const dlq::FolderEntry& spare : folder.spares()) take_out(spare.name, spare.bytes);
  }
  if (!options.dry_run && !names.empty()) sync(files, path, names.size());
  if (json) {
    out << nlohmann::ordered_json{{"files", names}, {"letters", letters}, {"bytes", bytes}}.dump(2)
        << '\n';
    return;
  }
  for (const auto& name : names) out << name.get<std::string>() << '\n';
  out << names.size() << " files, " << letters << " dead letters, " << bytes << " bytes "
      << (options.dry_run ? "would be removed\n" : "removed\n");
}

}  // namespace esc::dlq_tool
