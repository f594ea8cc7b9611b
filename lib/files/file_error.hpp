// SPDX-License-Identifier: BSD-3-Clause
// What went wrong with a file.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace esc::files {

/// what() says which file and what is wrong with it; fix() what to do about it. what() has the path
/// as it was given; whoever prints it has to make it printable.
class FileError : public std::runtime_error {
 public:
  FileError(const std::string& message, std::string fix, int code = 0)
      : std::runtime_error(message), fix_(std::move(fix)), code_(code) {}
  [[nodiscard]] const std::string& fix() const noexcept { return fix_; }
  /// The errno; 0: there is none, for example because the file is not a regular one.
  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  std::string fix_;
  int code_;
};

}  // namespace esc::files
