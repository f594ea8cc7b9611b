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

/// Between quotation marks; empty: an empty string, which stands for a key that is not there.
[[nodiscard]] std::string string_text(std::string_view text);

/// The name at that place of the row's choices; behind them true and false.
[[nodiscard]] std::string choice_text(const KeySpec& spec, std::size_t choice);

/// A number that TOML's integers cannot hold is a string.
template <std::integral Number>
[[nodiscard]] std::string number_text(Number number) {
  return std::in_range<std::int64_t>(number) ? std::to_string(number)
                                             : string_text(std::to_string(number));
}

}  // namespace esc::config
