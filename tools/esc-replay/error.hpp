// SPDX-License-Identifier: BSD-3-Clause
// An error that ends a command: a message for the user and the exit code.
#pragma once

#include <array>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "cli/exit_codes.hpp"

namespace esc::replay {

/// Exit codes, a contract with scripts (docs/esc-replay.md).
enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,
  kSentWithErrors = 3,
};

/// --help prints them; a test compares that with the page.
inline constexpr std::array<cli::ExitMeaning<ExitCode>, 4> kExitCodeMeanings = {{
    {ExitCode::kOk, "done, all of it"},
    {ExitCode::kFailed,
     "a file, a socket, a port or standard output failed; the message says which, why, and what "
     "to do"},
    {ExitCode::kUsage, "the arguments make no sense"},
    {ExitCode::kSentWithErrors,
     "send went through, but some of it was refused: see failed and errors"},
}};
static_assert(cli::in_order(kExitCodeMeanings));

/// The message says what failed, where, and what to do about it.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, ExitCode code = ExitCode::kFailed)
      : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

[[nodiscard]] inline Error usage_error(const std::string& message) {
  return Error(message, ExitCode::kUsage);
}

struct FileCloser {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

/// Reads a whole text file of at most 256 MiB. `what`: its purpose, for messages. Throws Error.
[[nodiscard]] std::string read_text_file(const std::string& path, const std::string& what);

/// Writes a whole text file; throws Error.
void write_text_file(const std::string& path, const std::string& text);

}  // namespace esc::replay
