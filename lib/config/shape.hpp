// SPDX-License-Identifier: BSD-3-Clause
// Limits of a text that is given to the TOML parser, which recurses. Internal to lib/config.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace esc::config {

/// toml++ calls itself once for each bracket inside a bracket, and again as deeply when it destroys
/// the tree. A dotted key makes one table inside another for each of its parts. A configuration
/// needs three or four levels of each.
inline constexpr std::size_t kMaxNesting = 16;   ///< brackets within brackets
inline constexpr std::size_t kMaxKeyParts = 16;  ///< parts of a dotted key
/// The largest number of keys, elements of arrays and tables together. A million routes with all
/// their options have fewer.
inline constexpr std::size_t kMaxItems = 16'000'000;
/// About how much memory the parser takes for each.
inline constexpr std::size_t kItemBytes = 256;

struct Shape {
  std::size_t items = 0;  ///< at least as many as the parser would make
  /// Why the text must not be given to the parser; empty: it may, but need not be valid TOML.
  std::string problem;
  std::size_t line = 1;  ///< line of the problem
};

/// Goes over the text once, with constant memory. It recognises TOML's strings and comments, and
/// counts brackets, dots and separators outside of them.
[[nodiscard]] Shape shape_of(std::string_view text);

}  // namespace esc::config
