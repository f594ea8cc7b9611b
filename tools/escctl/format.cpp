// SPDX-License-Identifier: BSD-3-Clause
#include "escctl/format.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "config/text.hpp"

namespace esc::ctl {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kMaxTextBytes = 1024;

// Names of numbers that are identities, not counts: they are printed without separators, as --id
// takes them.
bool is_identity(std::string_view name) {
  return name == "producer" || name == "epoch" || name == "highest";
}

bool is_figure(const std::string& text) {
  return text.find_first_not_of("0123456789.,%-") == std::string::npos;
}

// Roughly the width on a terminal: one column per UTF-8 character.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

std::string padded(const std::string& text, std::size_t columns, bool to_the_right) {
  const std::size_t has = width(text);
  const std::string blanks(columns > has ? columns - has : 0, ' ');
  return to_the_right ? blanks + text : text + blanks;
}

}  // namespace

std::string grouped(std::uint64_t value) {
  std::string text = std::to_string(value);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string decimal(double value) {
  if (!std::isfinite(value)) return "-";
  std::array<char, 400> buffer{};
  const int size = std::snprintf(buffer.data(), buffer.size(), "%.3f", value);
  std::string text(buffer.data(), static_cast<std::size_t>(size));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string safe(std::string_view text) {
  return config::field_text(text, kMaxTextBytes);
}

std::string cell(std::string_view name, const ordered_json& value) {
  if (value.is_null()) return "-";
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number_float()) {
    return name == "busy" ? decimal(std::round(value.get<double>() * 1000) / 10) + "%"
                          : decimal(value.get<double>());
  }
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    return is_identity(name) ? std::to_string(number) : grouped(number);
  }
  if (value.is_number_integer()) {
    const auto number = value.get<std::int64_t>();
    return number < 0 ? std::to_string(number) : grouped(static_cast<std::uint64_t>(number));
  }
  if (value.is_string()) return safe(value.get_ref<const std::string&>());
  std::string text;
  for (const auto& item : value.items()) {
    text += text.empty() ? "" : ",";
    if (value.is_object()) text += safe(item.key()) + "=";
    text += cell(item.key(), item.value());
  }
  return text;
}

Table::Table(std::vector<std::string> columns) {
  rows_.push_back(std::move(columns));
}

void Table::add(std::vector<std::string> row) {
  row.resize(rows_.front().size());
  rows_.push_back(std::move(row));
}

std::string Table::text(std::size_t indent) const {
  const std::size_t columns = rows_.front().size();
  std::vector<std::size_t> widths(columns, 0);
  std::vector<bool> figures(columns, true);
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      const std::string& text = rows_[row][column];
      widths[column] = std::max(widths[column], width(text));
      if (row > 0 && !is_figure(text)) figures[column] = false;
    }
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line(indent, ' ');
    for (std::size_t column = 0; column < columns; ++column) {
      if (column > 0) line += "  ";
      line += padded(row[column], widths[column], figures[column]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

}  // namespace esc::ctl
