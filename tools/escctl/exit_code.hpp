// SPDX-License-Identifier: BSD-3-Clause
// How escctl ends. The table is also in docs/control.md; a test compares the two.
#pragma once

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "cli/exit_codes.hpp"

namespace esc::ctl {

enum class ExitCode : int {
  kOk = 0,
  kUnhealthy = 1,
  kUsage = 2,
  kNotReachable = 3,
  kRefused = 4,
  kNotWritten = 5,
};

inline constexpr std::array<cli::ExitMeaning<ExitCode>, 6> kExitCodeMeanings = {{
    {ExitCode::kOk, "done; for health: healthy"},
    {ExitCode::kUnhealthy, "health: the appliance answers and is not healthy"},
    {ExitCode::kUsage, "the command line is wrong, or several instances run and none is named"},
    {ExitCode::kNotReachable, "no escd can be reached"},
    {ExitCode::kRefused, "escd refused the command, or speaks another protocol"},
    {ExitCode::kNotWritten,
     "standard output could not be written; a command was carried out all the same"},
}};
static_assert(cli::in_order(kExitCodeMeanings));

/// What ends the program: the code, what() happened and, in fix(), what to do. Both may hold bytes
/// from outside; whoever prints them escapes them.
class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& what, std::string fix)
      : std::runtime_error(what), code_(code), fix_(std::move(fix)) {}
  [[nodiscard]] ExitCode code() const noexcept { return code_; }
  [[nodiscard]] const std::string& fix() const noexcept { return fix_; }

 private:
  ExitCode code_;
  std::string fix_;
};

}  // namespace esc::ctl
