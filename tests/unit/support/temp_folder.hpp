// SPDX-License-Identifier: BSD-3-Clause
// A folder on a real disk, gone with its test.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace esc::test {

class TempFolder {
 public:
  /// Throws std::runtime_error.
  TempFolder() : path_((std::filesystem::temp_directory_path() / "esc-test-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace esc::test
