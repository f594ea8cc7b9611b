// SPDX-License-Identifier: BSD-3-Clause
#include "cli/json_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace esc::cli {
namespace {

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(ParseJson, ReadsDocuments) {
  EXPECT_EQ(parse_json(R"({"a":[1,"\\\"["]})")->dump(), R"({"a":[1,"\\\"["]})");
  EXPECT_EQ(parse_json("{"), std::nullopt);
  EXPECT_EQ(parse_json(""), std::nullopt);
}

TEST(ParseJson, RefusesWhatIsNestedDeeper) {
  EXPECT_TRUE(parse_json(nested(kMaxJsonDepth)));
  EXPECT_EQ(parse_json(nested(kMaxJsonDepth + 1)), std::nullopt);
  EXPECT_EQ(parse_json(nested(200'000)), std::nullopt);
  EXPECT_EQ(parse_json(std::string(200'000, '[')), std::nullopt);
  std::string objects;
  for (int i = 0; i < 200'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(parse_json(objects), std::nullopt);
  // Brackets side by side are not nested, and brackets in a string do not count.
  std::string wide = "[[]";
  for (int i = 0; i < 1000; ++i) wide += ",[]";
  EXPECT_TRUE(parse_json(wide + "]"));
  EXPECT_TRUE(parse_json("\"" + std::string(1000, '[') + "\""));
}

TEST(WholeMember, IsAWholeNumberWithoutASign) {
  const auto object = *parse_json(
      R"({"most":18446744073709551615,"less":-1,"real":1.5,"huge":1e300,"text":"1","none":null})");
  EXPECT_EQ(whole_member(object, "most"), UINT64_MAX);
  EXPECT_EQ(whole_member(object, "most", {0, 10}), std::nullopt);
  for (const char* name : {"less", "real", "huge", "text", "none", "missing"})
    EXPECT_EQ(whole_member(object, name), std::nullopt) << name;
  EXPECT_EQ(whole_member(*parse_json("[1]"), "most"), std::nullopt);
}

TEST(JsonText, IsAscii) {
  EXPECT_EQ(json_text({{"a", "\xe2\x80\xae\xff\x1b"}}), R"({"a":"\u202e\ufffd\u001b"})");
}

}  // namespace
}  // namespace esc::cli
