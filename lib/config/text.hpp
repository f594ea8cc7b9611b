// SPDX-License-Identifier: BSD-3-Clause
// Makes text from outside safe to print, and guesses misspelt words.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace esc::config {

inline constexpr std::size_t kMaxPrintableBytes = 160;
/// Of a sentence, which may name two paths.
inline constexpr std::size_t kMaxSentenceBytes = 2'048;

/// `text` with everything that could steer a terminal or a reader's eye written as an escape: C0,
/// DEL, C1, bytes that are not UTF-8, what reorders text, and what nobody sees (blanks but U+0020
/// among it). At most `max_bytes` of `text` are shown, then "...". For a whole message, in which
/// something may be escaped already.
[[nodiscard]] std::string printable(std::string_view text,
                                    std::size_t max_bytes = kMaxPrintableBytes);

/// The same with each backslash doubled, so that an escape can be told from a text that looks like
/// one. For a single value in a line or a table.
[[nodiscard]] std::string field_text(std::string_view text,
                                     std::size_t max_bytes = kMaxPrintableBytes);

/// The same between single quotes. Quotes in the text are escaped, so nothing in it can end the
/// quotation.
[[nodiscard]] std::string in_quotes(std::string_view text,
                                    std::size_t max_bytes = kMaxPrintableBytes);

/// U+0000..U+001F, U+007F..U+009F. `text` is valid UTF-8.
[[nodiscard]] bool has_control_character(std::string_view text) noexcept;

/// The known word nearest to `word` by edit distance (Damerau 1964), if one is near enough to
/// be a slip.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> known);

/// "a, b, c"
[[nodiscard]] std::string joined(std::span<const std::string_view> words);

}  // namespace esc::config
