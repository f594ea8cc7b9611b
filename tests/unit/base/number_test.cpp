// SPDX-License-Identifier: BSD-3-Clause
#include "base/number.hpp"

#include <gtest/gtest.h>

namespace esc {
namespace {

TEST(ParseWhole, TakesDigitsAndNothingElse) {
  EXPECT_EQ(parse_whole("0"), 0U);
  EXPECT_EQ(parse_whole("007"), 7U);
  EXPECT_EQ(parse_whole("18446744073709551615"), UINT64_MAX);
  for (const char* text :
       {"", " 1", "1 ", "+1", "-1", "-0", "1.0", "1e3", "0x10", "one", "1\n", "1,000", "1'000",
        "18446744073709551616", "99999999999999999999999", "nan"}) {
    EXPECT_EQ(parse_whole(text), std::nullopt) << text;
  }
}

TEST(ParseWhole, KeepsToTheRange) {
  constexpr WholeRange kRange = {.min = 2, .max = 65535};
  EXPECT_EQ(parse_whole("2", kRange), 2U);
  EXPECT_EQ(parse_whole("65535", kRange), 65535U);
  EXPECT_EQ(parse_whole("1", kRange), std::nullopt);
  EXPECT_EQ(parse_whole("65536", kRange), std::nullopt);
  EXPECT_EQ(range_of<std::uint16_t>().max, 65535U);
}

TEST(ParseHex, TakesDigitsAndNothingElse) {
  EXPECT_EQ(parse_hex("fF"), 255U);
  EXPECT_EQ(parse_hex("ffffffffffffffff"), UINT64_MAX);
  for (const char* text : {"", "0x1", "-1", "+1", "g", " 1", "10000000000000000"}) {
    EXPECT_EQ(parse_hex(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_hex("100", {0, 255}), std::nullopt);
}

TEST(ParseReal, TakesDecimalNumbersAndNothingElse) {
  constexpr RealRange kAny = {.min = -1e6, .max = 1e6};
  EXPECT_EQ(parse_real("0.5", kAny), 0.5);
  EXPECT_EQ(parse_real("-2.5", kAny), -2.5);
  EXPECT_EQ(parse_real("1e+3", kAny), 1000);
  EXPECT_EQ(parse_real("1E3", kAny), 1000);
  for (const char* text :
       {"",      " 1",  "1 ",  "+1", "nan", "NaN", "-nan",  "nan(1)", "inf",   "-inf",  "infinity",
        "0x1p3", "1p3", "--1", "1e", "e1",  ".",   "1.2.3", "1_0",    "1e400", "1e-400"}) {
    EXPECT_EQ(parse_real(text, kAny), std::nullopt) << text;
  }
}

TEST(ParseReal, KeepsToTheRange) {
  constexpr RealRange kRange = {.min = 0, .max = 3600};
  EXPECT_EQ(parse_real("0", kRange), 0.0);
  EXPECT_EQ(parse_real("3600", kRange), 3600.0);
  EXPECT_EQ(parse_real("3600.001", kRange), std::nullopt);
  // No number in the range has a sign.
  EXPECT_EQ(parse_real("-0", kRange), std::nullopt);
  EXPECT_EQ(parse_real("-1", kRange), std::nullopt);
}

TEST(LeadingWhole, IsWhatTheKernelWrites) {
  EXPECT_EQ(leading_whole("  64 kB"), 64U);
  EXPECT_EQ(leading_whole("2048kB"), 2048U);
  for (const char* text : {"", "   ", "max", "-1", "unlimited", "99999999999999999999999 kB"}) {
    EXPECT_EQ(leading_whole(text), std::nullopt) << text;
  }
}

TEST(RangeText, NamesBothEnds) {
  EXPECT_EQ(to_text(WholeRange{1, 65535}), "a whole number from 1 to 65535");
  EXPECT_EQ(to_text(WholeRange{}), "a whole number from 0 to 18446744073709551615");
  EXPECT_EQ(to_text(RealRange{0.05, 3600}), "a number from 0.05 to 3600");
  EXPECT_EQ(to_text(RealRange{0.001, 1e9}), "a number from 0.001 to 1000000000");
}

}  // namespace
}  // namespace esc
