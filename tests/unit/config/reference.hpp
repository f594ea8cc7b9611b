// SPDX-License-Identifier: BSD-3-Clause
// The reference of keys in docs/configuration.md.
#pragma once

#include <string>
#include <string_view>

#include "config/keys.hpp"

namespace esc::config::test {

/// The page with the reference put between its markers. Empty: the page has no markers.
[[nodiscard]] inline std::string with_reference(const std::string& page) {
  constexpr std::string_view kBegin = "<!-- reference: begin -->\n";
  constexpr std::string_view kEnd = "<!-- reference: end -->";
  const std::size_t begin = page.find(kBegin);
  const std::size_t end = page.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos) return {};
  return page.substr(0, begin + kBegin.size()) + reference_markdown() + page.substr(end);
}

}  // namespace esc::config::test
