// SPDX-License-Identifier: BSD-3-Clause
// A folder that nobody but this user can put anything into: for sockets and locks.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/file_descriptor.hpp"
#include "base/start_error.hpp"

namespace esc::control {

/// Of a path: "." if it names none.
[[nodiscard]] std::string folder_of(const std::string& path);

/// Makes the folder 0700, and the one above it 0755, if missing. Its descriptor: what was checked
/// is what it stands for, whatever becomes of the name. `whose` begins messages. Throws StartError:
/// it is another user's, open to others, or under another user's control.
[[nodiscard]] FileDescriptor make_own_folder(const std::string& folder, std::string_view whose);

/// A folder as make_own_folder() would find it; nothing is made.
struct OwnFolder {
  FileDescriptor fd;                  ///< none: it is not there yet, and could be made
  std::optional<StartError> trouble;  ///< with what make_own_folder() would refuse
};
[[nodiscard]] OwnFolder look_at_own_folder(const std::string& folder, std::string_view whose);

}  // namespace esc::control
