// SPDX-License-Identifier: BSD-3-Clause
#include "config/text.hpp"

#include <cstdint>

#include "support.hpp"

namespace esc::config {
namespace {

using namespace std::string_view_literals;

std::string utf8(char32_t code) {
  const auto tail = [&](unsigned shift) {
    return static_cast<char>(0x80U | (code >> shift & 0x3fU));
  };
  if (code < 0x800) return {static_cast<char>(0xc0U | code >> 6U), tail(0)};
  if (code < 0x10000) return {static_cast<char>(0xe0U | code >> 12U), tail(6), tail(0)};
  return {static_cast<char>(0xf0U | code >> 18U), tail(12), tail(6), tail(0)};
}

TEST(Printable, LeavesPlainTextAlone) {
  EXPECT_EQ(printable("sensor/7/temp"), "sensor/7/temp");
  EXPECT_EQ(printable("grün €uro 𝄞"), "grün €uro 𝄞");
}

TEST(Printable, EscapesWhatSteersATerminal) {
  EXPECT_EQ(printable("a\x1b[31m\n\t\r\x7f\0z"sv), "a\\x1b[31m\\n\\t\\r\\x7f\\x00z");
  EXPECT_EQ(printable("\xc2\x9b"), "\\u{009b}");                             // C1
  EXPECT_EQ(printable("\xe2\x80\xae \xe2\x80\xa8"), "\\u{202e} \\u{2028}");  // bidi, line break
  EXPECT_EQ(printable("\xf3\xa0\x80\x81"), "\\u{0e0001}");                   // tag character
}

TEST(Printable, EscapesWhatNobodySees) {
  for (const char32_t code :
       {0xa0U,   0xadU,   0x34fU,  0x61cU,  0x115fU,  0x1160U,  0x1680U,  0x17b4U,  0x180eU,
        0x2000U, 0x200bU, 0x202fU, 0x205fU, 0x2060U,  0x206fU,  0x2800U,  0x3000U,  0x3164U,
        0xfe0fU, 0xfeffU, 0xffa0U, 0xfff9U, 0x1bca0U, 0x1d159U, 0x1d173U, 0xe0100U, 0xe0fffU}) {
    const std::string shown = printable("a" + utf8(code) + "b");
    EXPECT_TRUE(shown.starts_with("a\\u{") && shown.ends_with("}b"))
        << std::hex << static_cast<std::uint32_t>(code) << shown;
  }
  // The code points next to those are printed as they are.
  for (const char32_t code : {0xa1U, 0xacU, 0xaeU, 0x350U, 0x115eU, 0x2010U, 0x2027U, 0x2801U,
                              0x3001U, 0x3163U, 0xfffdU, 0x1d158U, 0xe1000U}) {
    EXPECT_EQ(printable(utf8(code)), utf8(code)) << std::hex << static_cast<std::uint32_t>(code);
  }
}

TEST(Quoted, CannotBeEndedFromWithin) {
  EXPECT_EQ(in_quotes("a"), "'a'");
  EXPECT_EQ(in_quotes("x' priority 255 payload 0 bytes '"),
            "'x\\' priority 255 payload 0 bytes \\''");
  EXPECT_EQ(in_quotes("\\' b"), "'\\\\\\' b'");
  EXPECT_EQ(in_quotes("\x1b"), "'\\x1b'");
  EXPECT_EQ(in_quotes("\\x1b"), "'\\\\x1b'");
  EXPECT_EQ(in_quotes("abc", 2), "'ab'...");
}

TEST(Field, TellsAnEscapeFromItsText) {
  EXPECT_EQ(field_text("\x1b"), "\\x1b");
  EXPECT_EQ(field_text("\\x1b"), "\\\\x1b");
  EXPECT_EQ(field_text("it's"), "it's");
}

TEST(Printable, EscapesBytesThatAreNotUtf8) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("\xc3"), "\\xc3");                             // cut short
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");                    // overlong
  EXPECT_EQ(printable("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");           // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
  EXPECT_EQ(printable("\x80"), "\\x80");
}

TEST(Printable, IsBounded) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abcdef...");
  EXPECT_EQ(printable(std::string(10'000, 'x')).size(), kMaxPrintableBytes + 3);
}

TEST(ControlCharacter, IsFound) {
  EXPECT_FALSE(has_control_character("a b~€ \xc2\xa0"));
  for (const std::string_view text : {"\0"sv, "\x1f"sv, "\x7f"sv, "\xc2\x80"sv, "\xc2\x9f"sv}) {
    EXPECT_TRUE(has_control_character(text));
  }
}

TEST(Nearest, FindsSlipsOnly) {
  constexpr std::array kWords = {"rx"sv, "dispatch"sv, "workers"sv};
  EXPECT_EQ(nearest("x", kWords), "rx");
  EXPECT_EQ(nearest("worker", kWords), "workers");
  EXPECT_EQ(nearest("wrokers", kWords), "workers");
  EXPECT_EQ(nearest("wrokesr", kWords), "workers");  // two swaps
  EXPECT_EQ(nearest("wrokesx", kWords), std::nullopt);
  EXPECT_EQ(nearest("xr", kWords), "rx");
  EXPECT_EQ(nearest("ab", kWords), std::nullopt);
  EXPECT_EQ(nearest("", kWords), std::nullopt);
  EXPECT_EQ(nearest(std::string(65, 'x'), kWords), std::nullopt);
}

TEST(Nearest, TakesTheNearestThenTheFirst) {
  constexpr std::array kWords = {"bursts"sv, "burst"sv, "burse"sv};
  EXPECT_EQ(nearest("burst", kWords), "burst");
  EXPECT_EQ(nearest("bursx", kWords), "burst");
}

}  // namespace
}  // namespace esc::config
