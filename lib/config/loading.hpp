// SPDX-License-Identifier: BSD-3-Clause
// What the rules of a section work on while a text becomes a Config. Internal to lib/config.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "config/reader.hpp"

namespace esc::config {

struct Loading {
  Config& config;
  Reader& reader;  ///< collects the problems
  const Overrides& overrides;
  std::span<const std::string_view> known_handlers;

  void warning(std::string where, std::string what, std::string fix) const {
    config.warnings.push_back({std::move(where), std::move(what), std::move(fix)});
  }
};

/// Whether `text` has only letters, digits and characters of `more`.
[[nodiscard]] bool is_label(std::string_view text, std::string_view more) noexcept;

}  // namespace esc::config
