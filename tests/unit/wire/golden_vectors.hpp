// SPDX-License-Identifier: BSD-3-Clause
// Reads the golden vectors out of docs/wire-format.md, so that the page and the code cannot drift
// apart.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace esc::wire::test {

struct GoldenVector {
  std::string name;
  std::vector<std::uint8_t> bytes;
  std::string expected;
};

/// The rows of the table under the heading `### <heading>`. Throws std::runtime_error when the
/// page, the table or a row cannot be read, or when the table is empty. The page is found through
/// the environment variable ESC_SOURCE_ROOT.
[[nodiscard]] std::vector<GoldenVector> read_golden_vectors(std::string_view heading);

/// Hex digits in pairs, spaces, and `(61)x255` repeats. Throws std::runtime_error on anything else.
[[nodiscard]] std::vector<std::uint8_t> parse_hex(std::string_view text);

}  // namespace esc::wire::test
