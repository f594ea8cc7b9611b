// SPDX-License-Identifier: BSD-3-Clause
// How escctl ends. The table is also in docs/control.md; a test compares the two.
#pragma once

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace esc::ctl {

enum class ExitCode : int {
  kOk = 0,
  kUnhealthy = 1,
  kUsage = 2,
  kNotReachable = 3,
  kRefused = 4,
  kNotWritten = 5,
};

inline constexpr std::array<std::string_view, 6> kExitCodeMeanings = {
    "done; for health: healthy",
    "health: the appliance answers and is not healthy",
    "the command line is wrong, or several instances run and none is named",
    "no escd can be reached",
    "escd refused the command, or speaks another protocol",
    "standard output could not be written; a command was carried out all the same",
};
static_assert(kExitCodeMeanings.size() == static_cast<std::size_t>(ExitCode::kNotWritten) + 1);

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
