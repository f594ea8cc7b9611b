#include "topology/limits.hpp"

#include <charconv>
#include <fstream>
#include <sstream>
#include <string>

namespace esc::topology {
namespace {

std::optional<std::uint64_t> number(const std::string& word) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

}  // namespace

Limit process_limit(std::string_view name, const SysRoot& root) {
  std::ifstream file(root.at("/proc/self/limits"));
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name) || line.size() == name.size() || line[name.size()] != ' ') continue;
    std::istringstream rest(line.substr(name.size()));
    std::string soft;
    std::string hard;
    rest >> soft >> hard;
    return {number(soft), number(hard)};
  }
  return {};
}

}  // namespace esc::topology
