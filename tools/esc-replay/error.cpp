// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/error.hpp"

#include "files/output.hpp"
#include "files/regular_file.hpp"

namespace esc::replay {

std::string read_text_file(const std::string& path, const std::string& what) {
  constexpr std::size_t kMaxBytes = std::size_t{256} << 20U;
  try {
    return files::read_file(path, kMaxBytes);
  } catch (const files::FileError& error) {
    throw Error("cannot read " + what + " " + error.what() + "; " + error.fix());
  }
}

void write_text_file(const std::string& path, const std::string& text) {
  try {
    files::write_output(path, text);
  } catch (const files::FileError& error) {
    throw Error("cannot write '" + path + "': " + error.what() + "; " + error.fix());
  }
}

}  // namespace esc::replay
