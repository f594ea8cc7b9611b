#include "config/text.hpp"

#include "support.hpp"

namespace esc::config {
namespace {

using namespace std::string_view_literals;

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
