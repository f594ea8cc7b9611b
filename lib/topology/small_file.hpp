// The files of /sys and /proc that hold one line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>

namespace esc::topology {

/// The decimal or 0x number that the file begins with; nullopt: not readable, or none.
[[nodiscard]] inline std::optional<std::uint64_t> first_number(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  file.unsetf(std::ios::basefield);  // takes 0x too
  if (file >> value) return value;
  return std::nullopt;
}

}  // namespace esc::topology
