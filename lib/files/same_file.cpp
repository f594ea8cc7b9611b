// SPDX-License-Identifier: BSD-3-Clause
#include "files/same_file.hpp"

#include <filesystem>
#include <system_error>

namespace esc::files {

namespace fs = std::filesystem;

bool same_file(const std::string& one, const std::string& other) {
  std::error_code error;
  const fs::file_status status = fs::status(one, error);
  if (fs::exists(status)) {
    return fs::is_regular_file(status) && fs::equivalent(one, other, error) && !error;
  }
  const fs::path first = fs::weakly_canonical(fs::absolute(one, error), error);
  if (error) return false;
  const fs::path second = fs::weakly_canonical(fs::absolute(other, error), error);
  return !error && first == second;
}

}  // namespace esc::files
