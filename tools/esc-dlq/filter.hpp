// SPDX-License-Identifier: BSD-3-Clause
// Which dead letters are meant.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dlq/record.hpp"
#include "esc-dlq/letter_view.hpp"

namespace esc::dlq_tool {

/// A pattern of topics as in routes (docs/routing.md): levels apart by '/', '+' any one level, a
/// last '#' any number of levels.
[[nodiscard]] bool topic_matches(std::string_view pattern, std::string_view topic) noexcept;

/// Unix time, ns.
[[nodiscard]] std::uint64_t unix_now_ns();

/// Reads "2026-11-26T12:00:00Z", or a time before `now_ns`: "90s", "15m", "2h", "7d". Returns Unix
/// time in ns; nullopt: it is neither.
[[nodiscard]] std::optional<std::uint64_t> parse_time(std::string_view text, std::uint64_t now_ns);

/// Says which dead letters are meant: all conditions that are given have to hold.
struct Filter {
  std::vector<std::string> reasons;  ///< any of them
  std::string topic;                 ///< a pattern; empty: any
  std::optional<std::uint64_t> producer;
  /// Letters that died at this time or later; the next one: before that time.
  std::uint64_t since_ns = 0;
  std::uint64_t until_ns = UINT64_MAX;
  std::string since_text;  ///< as they were given
  std::string until_text;

  /// A text for this filter, which is the same for the same words on the command line.
  [[nodiscard]] std::string selection() const;
  [[nodiscard]] bool takes(const dlq::Record& record) const;
};

}  // namespace esc::dlq_tool
