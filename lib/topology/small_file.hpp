// SPDX-License-Identifier: BSD-3-Clause
// The files of /sys and /proc that hold one line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "base/number.hpp"

namespace esc::topology {

/// The decimal or 0x number that the file begins with; nullopt: the file cannot be read, or does
/// not begin with a number.
[[nodiscard]] inline std::optional<std::uint64_t> first_number(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string word;
  if (!(file >> word)) return std::nullopt;
  return word.starts_with("0x") ? parse_hex(std::string_view(word).substr(2)) : leading_whole(word);
}

}  // namespace esc::topology
