// SPDX-License-Identifier: BSD-3-Clause
// Writes the reference of keys into docs/configuration.md, which is its one argument.
#include <fstream>
#include <iostream>
#include <iterator>

#include "reference.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string path = argv[1];
  std::ifstream file(path);
  const std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::string made = esc::config::test::with_reference(page);
  if (made.empty()) {
    std::cerr << path << ": the markers of the reference are not there\n";
    return 1;
  }
  if (made == page) return 0;
  std::ofstream out(path);
  out << made << std::flush;
  return out ? 0 : 1;
}
