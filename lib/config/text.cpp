// SPDX-License-Identifier: BSD-3-Clause
#include "config/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <vector>

namespace esc::config {
namespace {

// One decoded character; bytes == 0: not valid UTF-8 here.
struct Decoded {
  char32_t code = 0;
  std::size_t bytes = 0;
};

Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < bytes) return {};
  auto code = static_cast<char32_t>(first & (0x7fU >> bytes));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return {};
    code = (code << 6U) | (byte(i) & 0x3fU);
  }
  const std::array<char32_t, 5> smallest = {0, 0, 0x80, 0x800, 0x10000};
  if (code < smallest[bytes] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {code, bytes};
}

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

struct CodeRange {
  char32_t first;
  char32_t last;
};
// What a reader does not see, takes for a blank, or sees in another order: the code points that
// Unicode 15 calls Default_Ignorable, those of the categories Cf (format), Zs but U+0020, Zl and Zp
// (blanks and separators), and further ones whose glyph is empty (a blank of Braille, a note
// without a head). By their numbers.
constexpr std::array<CodeRange, 33> kMisleading = {{
    {0x00a0, 0x00a0},   {0x00ad, 0x00ad},   {0x034f, 0x034f},   {0x0600, 0x0605},
    {0x061c, 0x061c},   {0x06dd, 0x06dd},   {0x070f, 0x070f},   {0x0890, 0x0891},
    {0x08e2, 0x08e2},   {0x115f, 0x1160},   {0x1680, 0x1680},   {0x17b4, 0x17b5},
    {0x180b, 0x180f},   {0x2000, 0x200f},   {0x2028, 0x202f},   {0x205f, 0x206f},
    {0x2800, 0x2800},   {0x3000, 0x3000},   {0x3164, 0x3164},   {0xfdd0, 0xfdef},
    {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
    {0xfffe, 0xffff},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f},
    {0x16fe4, 0x16fe4}, {0x1bca0, 0x1bca3}, {0x1d159, 0x1d159}, {0x1d173, 0x1d17a},
    {0xe0000, 0xe0fff},
}};

bool misleads(char32_t code) {
  const auto* const after = std::ranges::upper_bound(kMisleading, code, {}, &CodeRange::first);
  return after != kMisleading.begin() && code <= std::prev(after)->last;
}

std::string hex(std::uint32_t value, std::size_t digits) {
  std::string text(digits, '0');
  for (std::size_t i = digits; i-- > 0; value >>= 4U) text[i] = "0123456789abcdef"[value & 0xfU];
  return text;
}

std::string escaped(char32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  if (code == '\r') return "\\r";
  if (code < 0x80) return "\\x" + hex(code, 2);
  return "\\u{" + hex(code, code > 0xffff ? 6 : 4) + "}";
}

// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment: Damerau
// 1964, without edits inside a swap).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row.back();
}

// `escape`: more characters that get a backslash.
std::string shown(std::string_view text, std::size_t max_bytes, std::string_view escape) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size() && at < max_bytes) {
    const Decoded one = decode(text.substr(at));
    if (one.bytes == 0) {
      out += "\\x" + hex(static_cast<std::uint8_t>(text[at]), 2);
      ++at;
      continue;
    }
    if (is_control(one.code) || misleads(one.code)) {
      out += escaped(one.code);
    } else {
      if (one.bytes == 1 && escape.find(text[at]) != std::string_view::npos) out += '\\';
      out += text.substr(at, one.bytes);
    }
    at += one.bytes;
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text, std::size_t max_bytes) {
  return shown(text, max_bytes, "") + (text.size() > max_bytes ? "..." : "");
}

std::string field_text(std::string_view text, std::size_t max_bytes) {
  return shown(text, max_bytes, "\\") + (text.size() > max_bytes ? "..." : "");
}

std::string in_quotes(std::string_view text, std::size_t max_bytes) {
  return "'" + shown(text, max_bytes, "'\\") + (text.size() > max_bytes ? "'..." : "'");
}

bool has_control_character(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    // U+0080..U+009F are C2 80..C2 9F in UTF-8, and C2 is never a continuation byte.
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<std::uint8_t>(text[i + 1]) < 0xa0) {
      return true;
    }
  }
  return false;
}

std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> known) {
  constexpr std::size_t kLongestWord = 64;  // bounds the work that a hostile word can cause
  if (word.empty() || word.size() > kLongestWord) return std::nullopt;
  std::optional<std::string_view> best;
  // A word may have two typing errors, a short word one.
  std::size_t limit = word.size() < 5 ? 1 : 2;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance > limit || distance >= candidate.size()) continue;
    if (best && distance == limit) continue;
    best = candidate;
    limit = distance;
  }
  return best;
}

std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

}  // namespace esc::config
