// SPDX-License-Identifier: BSD-3-Clause
// Whether two paths lead to one file.
#pragma once

#include <string>

namespace esc::files {

/// Both lead to one regular file, or to one name that nothing has yet: whoever writes one writes
/// the other. By what they lead to, not by how they are spelt; hard links too. What cannot be
/// looked at is no such pair, nor is a device, a FIFO or a socket, which takes what many write.
[[nodiscard]] bool same_file(const std::string& one, const std::string& other);

}  // namespace esc::files
