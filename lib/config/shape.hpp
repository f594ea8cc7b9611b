// SPDX-License-Identifier: BSD-3-Clause
// What a text must look like before a parser that recurses is let at it. Internal to lib/config.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace esc::config {

/// toml++ goes down a level of its stack for each bracket within a bracket, and takes a tree down
/// that deep again; the longest dotted key makes as many tables in one another as it has parts.
/// What a configuration needs is three or four of each.
inline constexpr std::size_t kMaxNesting = 16;   ///< brackets within brackets
inline constexpr std::size_t kMaxKeyParts = 16;  ///< of a dotted key
/// Keys, elements of arrays, and tables. A million routes with all their options are fewer.
inline constexpr std::size_t kMaxItems = 16'000'000;
/// What the parser makes of each, about.
inline constexpr std::size_t kItemBytes = 256;

struct Shape {
  std::size_t items = 0;  ///< at least as many as the parser would make
  /// Why the text is unfit for the parser; empty: it may be parsed, and may still be no TOML.
  std::string problem;
  std::size_t line = 1;  ///< of the problem
};

/// One pass over the text, of constant memory: it knows strings and comments as TOML has them, and
/// counts brackets, dots and separators outside of them.
[[nodiscard]] Shape shape_of(std::string_view text);

}  // namespace esc::config
