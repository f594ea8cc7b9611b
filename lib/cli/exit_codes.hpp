// SPDX-License-Identifier: BSD-3-Clause
// A program's exit codes: each beside what it says, and the text of them in --help.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace esc::cli {

/// Code: an enum of the program's.
template <class Code>
struct ExitMeaning {
  Code code;
  std::string_view meaning;
};

/// Whether row i is for code i, from 0 on, and says something.
template <class Code, std::size_t kCount>
[[nodiscard]] constexpr bool in_order(const std::array<ExitMeaning<Code>, kCount>& table) {
  for (std::size_t i = 0; i < kCount; ++i) {
    if (static_cast<std::size_t>(table[i].code) != i || table[i].meaning.empty()) return false;
  }
  return true;
}

/// For the end of --help. Tests compare its lines with the program's page.
template <class Code, std::size_t kCount>
[[nodiscard]] std::string text_of(const std::array<ExitMeaning<Code>, kCount>& table) {
  std::string text = "Exit codes:\n";
  for (const ExitMeaning<Code>& row : table) {
    text +=
        "  " + std::to_string(static_cast<int>(row.code)) + "  " + std::string(row.meaning) + "\n";
  }
  return text;
}

}  // namespace esc::cli
