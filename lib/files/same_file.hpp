// SPDX-License-Identifier: BSD-3-Clause
// Whether two paths lead to one file.
#pragma once

#include <string>

namespace esc::files {

/// Whether both paths lead to one regular file, or to one name that does not exist yet, so that
/// writing one would write the other. It depends on what they lead to, not on how they are spelt;
/// hard links count too. False if one of them cannot be looked at, and for devices, FIFOs and
/// sockets, which may have several writers.
[[nodiscard]] bool same_file(const std::string& one, const std::string& other);

}  // namespace esc::files
