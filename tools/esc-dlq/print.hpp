// SPDX-License-Identifier: BSD-3-Clause
// cat: the dead letters themselves.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>

#include "dlq/folder.hpp"
#include "esc-dlq/filter.hpp"
#include "esc-dlq/format.hpp"
#include "esc-dlq/missing.hpp"

namespace esc::dlq_tool {

/// Prints the oldest segment first, and in each segment the letters in the order in which they
/// died; at most `limit` letters, 0: all. Several segments at a time are read and put into words in
/// parallel. Returns what could not be read. `on_read`: as in dlq::scan_folder.
[[nodiscard]] Missing print_letters(std::ostream& out, const dlq::Folder& folder,
                                    const Filter& filter, Form form, std::uint64_t limit,
                                    const std::function<void(std::uint64_t bytes)>& on_read);

}  // namespace esc::dlq_tool
