// SPDX-License-Identifier: BSD-3-Clause
#include "cli/json_text.hpp"

namespace esc::cli {
namespace {

/// Checked before the parser reads the text. Brackets in strings do not count.
bool is_deeper(std::string_view text, std::size_t max_depth) noexcept {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_depth) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace

std::optional<nlohmann::ordered_json> parse_json(std::string_view text, std::size_t max_depth) {
  if (is_deeper(text, max_depth)) return std::nullopt;
  auto document = nlohmann::ordered_json::parse(text, nullptr, false);
  if (document.is_discarded()) return std::nullopt;
  return document;
}

std::string json_text(const nlohmann::ordered_json& document, int indent) {
  return document.dump(indent, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace esc::cli
