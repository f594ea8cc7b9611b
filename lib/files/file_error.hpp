// SPDX-License-Identifier: BSD-3-Clause
// What went wrong with a file.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace esc::files {

/// what() says which file and what is wrong with it; fix() what to do about it. The path in what()
/// is as it was given: who prints it makes it printable.
class FileError : public std::runtime_error {
 public:
  FileError(const std::string& message, std::string fix, int code = 0)
      : std::runtime_error(message), fix_(std::move(fix)), code_(code) {}
  [[nodiscard]] const std::string& fix() const noexcept { return fix_; }
  /// The errno; 0: none, as of a file that is no regular one.
  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  std::string fix_;
  int code_;
};

}  // namespace esc::files
