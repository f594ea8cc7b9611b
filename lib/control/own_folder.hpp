// SPDX-License-Identifier: BSD-3-Clause
// A folder that nobody but this user can put anything into: for sockets and locks.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/file_descriptor.hpp"
#include "base/start_error.hpp"

namespace esc::control {

/// The folder part of a path; "." if the path names no folder.
[[nodiscard]] std::string folder_of(const std::string& path);

/// Makes the folder 0700, and the one above it 0755, if missing. Returns its descriptor, which
/// stands for the very folder that was checked, whatever happens to the name afterwards. `whose`
/// begins messages. Throws StartError: it is another user's, open to others, or under another
/// user's control.
[[nodiscard]] FileDescriptor make_own_folder(const std::string& folder, std::string_view whose);

/// A folder as make_own_folder() would find it; nothing is made.
struct OwnFolder {
  FileDescriptor fd;                  ///< none: it is not there yet, and could be made
  std::optional<StartError> trouble;  ///< what make_own_folder() would throw
};
[[nodiscard]] OwnFolder look_at_own_folder(const std::string& folder, std::string_view whose);

}  // namespace esc::control
