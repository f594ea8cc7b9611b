// SPDX-License-Identifier: BSD-3-Clause
// Opens files that are only appended to, such as logs.
#pragma once

#include <cstddef>
#include <string>

#include "base/file_descriptor.hpp"
#include "files/file_error.hpp"

namespace esc::files {

/// Opens a regular file to write at its end, and makes it if nothing is there (mode 0666 less the
/// umask). A symbolic link to a regular file is followed. Throws FileError.
[[nodiscard]] FileDescriptor open_to_append(const std::string& path);

/// Writes all of it. 0, or the errno of what went wrong; some of it may be written then. `file`
/// must be a regular file.
[[nodiscard]] int append(const FileDescriptor& file, const char* bytes, std::size_t count) noexcept;

}  // namespace esc::files
