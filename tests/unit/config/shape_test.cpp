// SPDX-License-Identifier: BSD-3-Clause
// Which texts are refused before the parser gets them, and which are not.
#include "config/shape.hpp"

#include <string>

#include "support.hpp"

namespace esc::config {
namespace {

using namespace test;

std::string repeated(std::string_view piece, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

std::string dotted(std::size_t parts) {
  return "a" + repeated(".a", parts - 1);
}

TEST(Shape, BoundsTheDepthOfBrackets) {
  EXPECT_EQ(shape_of("v = " + std::string(16, '[') + std::string(16, ']')).problem, "");
  EXPECT_NE(shape_of("v = " + std::string(17, '[')).problem, "");
  EXPECT_NE(shape_of("v = " + repeated("{a=", 17)).problem, "");
  EXPECT_NE(shape_of("v = " + repeated("[{a=", 9)).problem, "");
  EXPECT_EQ(shape_of(repeated("[t]\nv = [[1], {a = 2}]\n", 100)).problem, "");
}

TEST(Shape, BoundsThePartsOfAKey) {
  for (const std::string form : {"%=1", "[%]", "[[%]]", "v={%=1}", "\"x\".%=1"}) {
    const std::size_t before = form.starts_with('"') ? 1 : 0;
    std::string fits = form;
    std::string does_not = form;
    fits.replace(form.find('%'), 1, dotted(16 - before));
    does_not.replace(form.find('%'), 1, dotted(17 - before));
    EXPECT_EQ(shape_of(fits).problem, "") << form;
    EXPECT_NE(shape_of(does_not).problem, "") << form;
  }
  EXPECT_EQ(shape_of(repeated("v = 1.5\n", 100) + "w = [" + repeated("1.5, ", 100) + "]").problem,
            "");
  EXPECT_NE(shape_of(repeated("\"a\" . ", 16) + "b = 1").problem, "");
}

TEST(Shape, KnowsStringsAndComments) {
  const std::string deep = repeated("[", 40) + repeated(".", 40);
  const std::string three = "\"\"\"";
  for (const std::string& quoted :
       {"'" + deep + "'", "\"" + deep + "\"", "\"\\\"" + deep + "\"", "'''\n" + deep + "'''",
        three + deep + "\n\\" + three + deep + three, "'''" + deep + "'''''",
        three + deep + "\"" + three, "'\\' # '" + deep, "1 # \"" + deep}) {
    EXPECT_EQ(shape_of("v = " + quoted + "\nw = 1\n").problem, "") << quoted;
    EXPECT_NE(shape_of("v = " + quoted + "\nw = " + deep).problem, "") << quoted;
  }
}

TEST(Shape, NamesTheLine) {
  EXPECT_EQ(shape_of("a = '''\n\n'''\n# x\n" + dotted(17) + " = 1").line, 5U);
  EXPECT_EQ(problems("a = 1\n" + dotted(60'000) + " = 1\n"),
            Texts{"t.toml:2: no configuration: a key may be at most 16 parts long; correct the "
                  "line"});
  EXPECT_EQ(problems("v = " + std::string(60'000, '[')).size(), 1U);
}

TEST(Shape, CountsItems) {
  EXPECT_EQ(shape_of("a = 1\nb = [1, 2, 3]\n[t]\nc.d = {e = 1}\n").items, 9U);
}

TEST(Shape, BoundsWhatTheCommandLineSets) {
  EXPECT_EQ(set_problems({dotted(17) + "=1"}).size(), 1U);
  EXPECT_EQ(set_problems({"log.level=" + std::string(5'000, '[')}).size(), 1U);
}

TEST(Problems, AreCutAfterTheFirstHundred) {
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += "unknown" + std::to_string(i) + " = 1\n";
  const Texts found = problems(text + std::string(kMinimal));
  ASSERT_EQ(found.size(), 101U);
  EXPECT_EQ(found.back(), "t.toml: 4900 more problems; correct the first ones, and look again");
}

}  // namespace
}  // namespace esc::config
