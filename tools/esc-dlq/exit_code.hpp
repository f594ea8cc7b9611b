// SPDX-License-Identifier: BSD-3-Clause
// How esc-dlq ends. The table is also in docs/dead-letters.md; a test compares the two.
#pragma once

#include <array>
#include <string_view>

#include "cli/exit_codes.hpp"

namespace esc::dlq_tool {

enum class ExitCode : int {
  kOk = 0,
  kDamaged = 1,
  kUsage = 2,
  kNoFolder = 3,
  kNotWritten = 4,
  kNotReplayed = 5,
};

inline constexpr std::array<cli::ExitMeaning<ExitCode>, 6> kExitCodeMeanings = {{
    {ExitCode::kOk, "done"},
    {ExitCode::kDamaged, "something that was kept is damaged (verify), or cannot be read"},
    {ExitCode::kUsage, "the command line is wrong"},
    {ExitCode::kNoFolder, "the folder cannot be read"},
    {ExitCode::kNotWritten, "the output could not be written"},
    {ExitCode::kNotReplayed, "not all letters could be sent again"},
}};
static_assert(cli::in_order(kExitCodeMeanings));

}  // namespace esc::dlq_tool
