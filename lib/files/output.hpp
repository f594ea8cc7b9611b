// SPDX-License-Identifier: BSD-3-Clause
// Writes what the user asked a program to write to a path of the user's choice.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "files/place.hpp"

namespace esc::files {

/// Why nothing could be written there. nullopt: a file can be made or replaced there, or the path
/// is a character device or a FIFO, perhaps by a link such as /dev/stdout, which takes the bytes
/// itself. Directories, disks and sockets are refused. Changes nothing.
[[nodiscard]] std::optional<Trouble> output_trouble(const std::string& path);

/// A regular file is replaced whole or not at all: a reader never sees half of it; a link to one
/// stays a link. A device or a FIFO is written to where it is, and waited for no longer
/// than a second at a time. The mode of a new file is the umask's. Throws FileError.
void write_output(const std::string& path, std::string_view text);

}  // namespace esc::files
