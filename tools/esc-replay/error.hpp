// What ends a command: a message for the user, and the exit code that goes with it.
#pragma once

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

namespace esc::replay {

/// Exit codes, a contract with scripts (docs/esc-replay.md).
enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,         ///< a file, a socket or a port failed; nothing more could be done
  kUsage = 2,          ///< the arguments make no sense
  kSentWithErrors = 3  ///< everything was tried, some of it was refused
};

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

/// Writes a whole text file; throws Error.
void write_text_file(const std::string& path, const std::string& text);

}  // namespace esc::replay
