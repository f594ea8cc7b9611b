// SPDX-License-Identifier: BSD-3-Clause
// Removes segments from a folder that no appliance is using.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace esc::dlq_tool {

struct PurgeOptions {
  bool all = false;            ///< every segment, and the spare files
  std::uint64_t until_ns = 0;  ///< else: segments in which every letter died before this time
  bool dry_run = false;        ///< only says which
};

/// Locks the folder meanwhile. Throws FolderError, also if there is a file that is no segment: then
/// nothing was removed. If the disk refuses to remove a file, it throws FolderError too.
void purge(std::ostream& out, const std::string& path, const PurgeOptions& options, bool json);

}  // namespace esc::dlq_tool
