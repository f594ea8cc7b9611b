// SPDX-License-Identifier: BSD-3-Clause
#include "control/answer.hpp"

#include <gtest/gtest.h>

namespace esc::control {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

ordered_json echo(const json& request) {
  return ok_reply(request.value("text", ""));
}

TEST(Answer, CarriesTheResultInOneLine) {
  EXPECT_EQ(answer(R"({"command":"x","text":"a"})", echo), "{\"ok\":true,\"result\":\"a\"}\n");
}

TEST(Answer, HoldsNothingButPrintableAscii) {
  EXPECT_EQ(answer(R"({"command":"x","text":"a\n\u001b[2J\u009b\u202e\u007fé"})", echo),
            "{\"ok\":true,\"result\":\"a\\n\\u001b[2J\\u009b\\u202e\\u007f\\u00e9\"}\n");
}

TEST(Answer, ReplacesBytesThatAreNotUtf8) {
  const Handler handler = [](const json&) { return ok_reply("\xff\x80x"); };
  EXPECT_EQ(answer(R"({"command":"x"})", handler),
            "{\"ok\":true,\"result\":\"\\ufffd\\ufffdx\"}\n");
}

TEST(Answer, SaysWhereTheJsonIsBad) {
  EXPECT_EQ(answer(R"({"command":})", echo),
            "{\"ok\":false,\"error\":\"the request is not JSON (byte 12 of the line)\","
            "\"fix\":\"send one object a line, as {\\\"command\\\":\\\"ledger\\\"}\"}\n");
  EXPECT_EQ(json::parse(answer("", echo))["ok"], false);
  EXPECT_EQ(json::parse(answer("\x1b[31m\xff", echo))["error"],
            "the request is not JSON (byte 1 of the line)");
}

TEST(Answer, WantsAnObjectWithACommand) {
  for (const char* line : {"[]", "1", "{}", R"({"command":1})", R"({"commands":"x"})", "null"}) {
    EXPECT_EQ(json::parse(answer(line, echo))["error"],
              "the request is not an object with a string \"command\"")
        << line;
  }
}

TEST(Answer, BoundsTheDepth) {
  const auto nested = [](std::size_t levels) {
    return R"({"command":"x","a":)" + std::string(levels, '[') + std::string(levels, ']') + "}";
  };
  EXPECT_EQ(json::parse(answer(nested(15), echo))["ok"], true);
  EXPECT_EQ(json::parse(answer(nested(17), echo))["error"],
            "the request nests deeper than 16 levels");
  EXPECT_EQ(json::parse(answer(std::string(60'000, '['), echo))["error"],
            "the request nests deeper than 16 levels");
}

TEST(Answer, AnArgumentOfTheWrongTypeIsSaidInOurWords) {
  const auto wants = [](const json& request) {
    return ok_reply(request.at("diff").get<std::string>());
  };
  for (const char* const line : {R"({"command":"routes"})", R"({"command":"routes","diff":5})",
                                 R"({"command":"routes","diff":[]})"}) {
    EXPECT_EQ(answer(line, wants),
              R"({"ok":false,"error":"an argument of the request is missing, or cannot be meant",)"
              R"("fix":"docs/control.md has the arguments of each command"})"
              "\n");
  }
}

TEST(Answer, TurnsExceptionsIntoErrors) {
  const Handler refuses = [](const json&) -> ordered_json { throw Refusal("no", "do this"); };
  EXPECT_EQ(answer(R"({"command":"x"})", refuses),
            "{\"ok\":false,\"error\":\"no\",\"fix\":\"do this\"}\n");
  const Handler fails = [](const json&) -> ordered_json { throw std::runtime_error("broken"); };
  EXPECT_EQ(answer(R"({"command":"x"})", fails), "{\"ok\":false,\"error\":\"broken\"}\n");
  const Handler odd = [](const json&) -> ordered_json { throw 1; };
  EXPECT_EQ(json::parse(answer(R"({"command":"x"})", odd))["ok"], false);
}

}  // namespace
}  // namespace esc::control
