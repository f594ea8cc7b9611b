// SPDX-License-Identifier: BSD-3-Clause
// Values as TOML writes them. Internal to lib/config.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "config/keys.hpp"

namespace esc::config {

/// The text between quotation marks. Empty if the text is, which means that the key is absent.
[[nodiscard]] std::string string_text(std::string_view text);

/// The row's choice with that index. The two indices behind the choices are true and false.
[[nodiscard]] std::string choice_text(const KeySpec& spec, std::size_t choice);

/// The number, as a string if TOML's integers cannot hold it.
template <std::integral Number>
[[nodiscard]] std::string number_text(Number number) {
  return std::in_range<std::int64_t>(number) ? std::to_string(number)
                                             : string_text(std::to_string(number));
}

}  // namespace esc::config
