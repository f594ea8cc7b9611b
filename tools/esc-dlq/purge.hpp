// SPDX-License-Identifier: BSD-3-Clause
// Removes segments from a folder that no appliance has.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace esc::dlq_tool {

struct PurgeOptions {
  bool all = false;            ///< every segment, and the spare files
  std::uint64_t until_ns = 0;  ///< else: those in which every letter died before
  bool dry_run = false;        ///< only says which
};

/// Takes the folder for itself meanwhile. Throws FolderError, also over a file that is no segment:
/// then nothing was removed. What a disk refuses to remove ends it with FolderError as well.
void purge(std::ostream& out, const std::string& path, const PurgeOptions& options, bool json);

}  // namespace esc::dlq_tool
