// SPDX-License-Identifier: BSD-3-Clause
#include "config/value_text.hpp"

namespace esc::config {

std::string string_text(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  if (text.empty()) return {};
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      quoted += {'\\', 'u', '0', '0', kDigits[byte >> 4U], kDigits[byte & 0xfU]};
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string choice_text(const KeySpec& spec, std::size_t choice) {
  if (choice < spec.choices.size()) return string_text(spec.choices[choice]);
  return choice == spec.choices.size() ? "true" : "false";
}

}  // namespace esc::config
