// SPDX-License-Identifier: BSD-3-Clause
// ls and verify: the folder, segment by segment.
#pragma once

#include <iosfwd>
#include <span>

#include "dlq/folder.hpp"

namespace esc::dlq_tool {

void print_list(std::ostream& out, const dlq::Folder& folder,
                std::span<const dlq::ScannedSegment> segments, bool json);
/// False: something is damaged.
[[nodiscard]] bool print_verdict(std::ostream& out, std::span<const dlq::ScannedSegment> segments,
                                 bool json);

}  // namespace esc::dlq_tool
