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

/// Oldest segment first, in the order in which they died there; `limit` of them, 0: all. Segments
/// are read and put into words in parallel, some at a time. What is not
/// among them is returned. `on_read`: as of dlq::scan_folder.
[[nodiscard]] Missing print_letters(std::ostream& out, const dlq::Folder& folder,
                                    const Filter& filter, Form form, std::uint64_t limit,
                                    const std::function<void(std::uint64_t bytes)>& on_read);

}  // namespace esc::dlq_tool
