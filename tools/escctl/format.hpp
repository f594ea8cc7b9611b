// SPDX-License-Identifier: BSD-3-Clause
// Values and tables as text for a terminal. The text never contains control sequences.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace esc::ctl {

/// 1234567 -> "1,234,567"
[[nodiscard]] std::string grouped(std::uint64_t value);

/// Rounded to 3 decimals, without trailing zeros.
[[nodiscard]] std::string decimal(double value);

/// Text from outside on one line, with control characters and misleading characters escaped.
[[nodiscard]] std::string safe(std::string_view text);

/// One value in one cell. `name` decides the unit where the value has one ("busy" is a share).
[[nodiscard]] std::string cell(std::string_view name, const nlohmann::ordered_json& value);

/// Columns as wide as their widest cell, two blanks apart; columns of figures to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> columns);
  /// Shorter rows are filled up with empty cells.
  void add(std::vector<std::string> row);
  [[nodiscard]] std::string text(std::size_t indent) const;

 private:
  std::vector<std::vector<std::string>> rows_;  ///< the first is the heading
};

}  // namespace esc::ctl
