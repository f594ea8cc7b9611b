// SPDX-License-Identifier: BSD-3-Clause
#include "topology/limits.hpp"

#include <algorithm>
#include <fstream>
#include <string>

#include "base/number.hpp"

namespace esc::topology {
namespace {

/// Takes the next word off a line.
std::string_view take_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size());
  return word;
}

}  // namespace

Limit process_limit(std::string_view name, const SysRoot& root) {
  std::ifstream file(root.at("/proc/self/limits"));
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name) || line.size() == name.size() || line[name.size()] != ' ') continue;
    std::string_view rest = std::string_view(line).substr(name.size());
    const std::string_view soft = take_word(rest);
    const std::string_view hard = take_word(rest);
    return {parse_whole(soft), parse_whole(hard)};
  }
  return {};
}

}  // namespace esc::topology
