// SPDX-License-Identifier: BSD-3-Clause
#include "golden_vectors.hpp"

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace esc::wire::test {
namespace {

[[noreturn]] void fail(const std::string& what, std::string_view text) {
  throw std::runtime_error("golden vectors: " + what + ": " + std::string(text));
}

std::string trimmed(std::string_view cell) {
  constexpr std::string_view kTrim = " `";
  const std::size_t first = cell.find_first_not_of(kTrim);
  if (first == std::string_view::npos) return {};
  return std::string(cell.substr(first, cell.find_last_not_of(kTrim) - first + 1));
}

GoldenVector parse_row(std::string_view line) {
  std::vector<std::string> cells;
  for (std::size_t at = 1; at < line.size();) {
    const std::size_t bar = line.find('|', at);
    if (bar == std::string_view::npos) fail("a row without an end", line);
    cells.push_back(trimmed(line.substr(at, bar - at)));
    at = bar + 1;
  }
  if (cells.size() != 3) fail("not three cells", line);
  return {cells[0], parse_hex(cells[1]), cells[2]};
}

template <typename Number>
Number parse_number(std::string_view text, int base) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) fail("not a number", text);
  return value;
}

}  // namespace

std::vector<std::uint8_t> parse_hex(std::string_view text) {
  std::vector<std::uint8_t> bytes;
  while (!text.empty()) {
    if (text.front() == ' ') {
      text.remove_prefix(1);
    } else if (text.front() == '(') {
      const std::size_t end = text.find(' ');
      const std::string_view repeat = text.substr(0, end);
      if (repeat.size() < 6 || repeat.substr(3, 2) != ")x") fail("not a repeat", repeat);
      bytes.insert(bytes.end(), parse_number<std::size_t>(repeat.substr(5), 10),
                   parse_number<std::uint8_t>(repeat.substr(1, 2), 16));
      text.remove_prefix(repeat.size());
    } else {
      if (text.size() < 2) fail("half a byte", text);
      bytes.push_back(parse_number<std::uint8_t>(text.substr(0, 2), 16));
      text.remove_prefix(2);
    }
  }
  return bytes;
}

std::vector<GoldenVector> read_golden_vectors(std::string_view heading) {
  const char* const root = std::getenv("ESC_SOURCE_ROOT");
  if (root == nullptr) fail("environment variable not set", "ESC_SOURCE_ROOT");
  const std::string path = std::string(root) + "/docs/wire-format.md";
  std::ifstream page(path);
  if (!page) fail("cannot open", path);

  std::vector<GoldenVector> vectors;
  bool in_section = false;
  int table_lines = 0;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with('#')) in_section = line == "### " + std::string(heading);
    if (!in_section || !line.starts_with('|')) continue;
    if (++table_lines > 2) vectors.push_back(parse_row(line));
  }
  if (vectors.empty()) fail("no table under", heading);
  return vectors;
}

}  // namespace esc::wire::test
