// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/exposition.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace esc::telemetry {
namespace {

/// How many bytes the first UTF-8 character of `text` has; 0: the text begins with no valid
/// character.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80U) return 1;
  const std::size_t size = first >= 0xf0U ? 4 : first >= 0xe0U ? 3 : 2;
  if (first < 0xc2U || first > 0xf4U) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  }
  // Refused: overlong forms, surrogates, and numbers beyond the last character.
  if ((first == 0xe0U && byte(1) < 0xa0U) || (first == 0xedU && byte(1) >= 0xa0U)) return 0;
  if ((first == 0xf0U && byte(1) < 0x90U) || (first == 0xf4U && byte(1) >= 0x90U)) return 0;
  return size;
}

std::string hex_escape(char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return std::string("\\\\x") + kDigits[byte >> 4U] + kDigits[byte & 0xfU];
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20U || byte == 0x7fU;
}

std::string escaped_help(std::string_view help) {
  std::string text;
  for (const char c : help) {
    if (c == '\\') text += '\\';
    text += c == '\n' ? ' ' : c;
  }
  return text;
}

std::string text_of(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end.ptr};
}

std::string between_braces(const Labels& common, const Labels& labels) {
  std::string text;
  for (const Labels* list : {&common, &labels}) {
    for (const auto& [name, value] : *list) {
      if (!is_figure_name(name)) {
        throw std::logic_error("no name of a label: " + std::string(name));
      }
      text += text.empty() ? "" : ",";
      text.append(name).append("=\"").append(label_text(value)).append("\"");
    }
  }
  return text;
}

}  // namespace

std::string label_text(std::string_view value) {
  std::string text;
  while (!value.empty()) {
    const char c = value.front();
    const std::size_t bytes = character_bytes(value);
    if (c == '\\' || c == '"') {
      text.append({'\\', c});
    } else if (c == '\n') {
      text += "\\n";
    } else if (bytes == 0 || is_control(c)) {
      text += hex_escape(c);
    } else {
      text += value.substr(0, bytes);
    }
    value.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return text;
}

std::string Family::full_name() const {
  if (!is_figure_name(name) || name.ends_with("_total") || name.ends_with("_count") ||
      name.ends_with("_sum") || name.ends_with("_bucket")) {
    throw std::logic_error("no name of a family: " + std::string(name));
  }
  return "escd_" + std::string(name) + (kind == Kind::kCounter ? "_total" : "");
}

void Exposition::put(const Family& family, const Labels& labels, const std::string& value) {
  const auto place = places_.find(family.name);
  const std::size_t at = place != places_.end() ? place->second : entries_.size();
  if (at == entries_.size()) {
    entries_.push_back({family.full_name(), std::string(family.help), family.kind, {}, {}});
    places_.emplace(family.name, at);
  }
  Entry& entry = entries_[at];
  std::string text = between_braces(common_, labels);
  if (entry.kind != family.kind) throw std::logic_error(entry.name + " is of two kinds");
  if (!entry.seen.insert(text).second) {
    throw std::logic_error(entry.name + "{" + text + "} comes twice");
  }
  entry.lines += entry.name;
  if (!text.empty()) entry.lines.append("{").append(text).append("}");
  entry.lines.append(" ").append(value).append("\n");
}

void Exposition::add(const Family& family, const Labels& labels, std::uint64_t value) {
  put(family, labels, std::to_string(value));
}

void Exposition::add(const Family& family, const Labels& labels, double value) {
  put(family, labels, text_of(value));
}

void Exposition::add_in(Unit unit, const Family& family, const Labels& labels, std::uint64_t value,
                        const Clock& clock) {
  if (is_time(unit)) {
    add(family, labels, seconds_of(unit, value, clock));
  } else if (unit == Unit::kPermille) {
    add(family, labels, static_cast<double>(value) / 1e3);
  } else {
    add(family, labels, unit == Unit::kMegabits ? value * 125'000 : value);
  }
}

std::string Exposition::text() const {
  std::string text;
  for (const Entry& entry : entries_) {
    text += "# HELP " + entry.name + " " + escaped_help(entry.help) + "\n";
    text += "# TYPE " + entry.name + (entry.kind == Kind::kCounter ? " counter\n" : " gauge\n");
    text += entry.lines;
  }
  return text;
}

}  // namespace esc::telemetry
