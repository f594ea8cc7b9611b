// SPDX-License-Identifier: BSD-3-Clause
// How esc-dlq ends. The table is also in docs/dead-letters.md; a test compares the two.
#pragma once

#include <array>
#include <string_view>

namespace esc::dlq_tool {

enum class ExitCode : int {
  kOk = 0,
  kDamaged = 1,
  kUsage = 2,
  kNoFolder = 3,
  kNotWritten = 4,
  kNotReplayed = 5,
};

inline constexpr std::array<std::string_view, 6> kExitCodeMeanings = {
    "done",
    "something that was kept is damaged (verify), or cannot be read",
    "the command line is wrong",
    "the folder cannot be read",
    "the output could not be written",
    "not all letters could be sent again",
};
static_assert(kExitCodeMeanings.size() == static_cast<std::size_t>(ExitCode::kNotReplayed) + 1);

}  // namespace esc::dlq_tool
