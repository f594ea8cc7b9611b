// SPDX-License-Identifier: BSD-3-Clause
#include "control/answer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "control/commands.hpp"

namespace esc::control {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

ordered_json echo(const json& request) {
  return ok_reply(request.value("text", ""));
}

TEST(Answer, CarriesTheResultInOneLine) {
  EXPECT_EQ(answer(R"({"command":"x","text":"a"})", echo),
            "{\"ok\":true,\"protocol\":2,\"result\":\"a\"}\n");
}

TEST(Answer, HoldsNothingButPrintableAscii) {
  EXPECT_EQ(
      answer(R"({"command":"x","text":"a\n\u001b[2J\u009b\u202e\u007fé"})", echo),
      "{\"ok\":true,\"protocol\":2,\"result\":\"a\\n\\u001b[2J\\u009b\\u202e\\u007f\\u00e9\"}\n");
}

TEST(Answer, ReplacesBytesThatAreNotUtf8) {
  const Handler handler = [](const json&) { return ok_reply("\xff\x80x"); };
  EXPECT_EQ(answer(R"({"command":"x"})", handler),
            "{\"ok\":true,\"protocol\":2,\"result\":\"\\ufffd\\ufffdx\"}\n");
}

TEST(Answer, SaysWhereTheJsonIsBad) {
  EXPECT_EQ(
      answer(R"({"command":})", echo),
      "{\"ok\":false,\"protocol\":2,\"error\":\"the request is not JSON (byte 12 of the line)\","
      "\"fix\":\"send one object a line, as "
      "{\\\"protocol\\\":2,\\\"command\\\":\\\"ledger\\\"}\"}\n");
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
              R"({"ok":false,"protocol":2,)"
              R"("error":"an argument of the request is missing, or cannot be meant",)"
              R"("fix":"docs/control.md has the arguments of each command"})"
              "\n");
  }
}

TEST(Answer, TurnsExceptionsIntoErrors) {
  const Handler refuses = [](const json&) -> ordered_json { throw Refusal("no", "do this"); };
  EXPECT_EQ(answer(R"({"command":"x"})", refuses),
            "{\"ok\":false,\"protocol\":2,\"error\":\"no\",\"fix\":\"do this\"}\n");
  const Handler fails = [](const json&) -> ordered_json { throw std::runtime_error("broken"); };
  EXPECT_EQ(answer(R"({"command":"x"})", fails),
            "{\"ok\":false,\"protocol\":2,\"error\":\"broken\"}\n");
  const Handler odd = [](const json&) -> ordered_json { throw 1; };
  EXPECT_EQ(json::parse(answer(R"({"command":"x"})", odd))["ok"], false);
}

// Requests of an older client, of a future one, and of two that give no sensible number.
TEST(Protocol, AnotherOneIsRefusedAndBothAreNamed) {
  const std::array<std::pair<const char*, const char*>, 4> cases = {{
      {R"({"command":"ledger"})", "protocol 1 (it gives no number)"},
      {R"({"command":"ledger","protocol":3})", "protocol 3"},
      {R"({"command":"ledger","protocol":-2})", "another protocol, and gives no number"},
      {R"({"command":"ledger","protocol":"2"})", "another protocol, and gives no number"},
  }};
  for (const auto& [request, theirs] : cases) {
    try {
      require_protocol(nlohmann::json::parse(request), "1.2.3");
      ADD_FAILURE() << request;
    } catch (const Refusal& refusal) {
      EXPECT_EQ(refusal.what(),
                std::string("this is escd 1.2.3, which speaks protocol 2 of the control socket; "
                            "the request is of ") +
                    theirs);
      EXPECT_NE(refusal.fix().find("use the escctl that was installed with this escd"),
                std::string::npos);
    }
  }
}

TEST(Protocol, ItsOwnIsTaken) {
  EXPECT_NO_THROW(require_protocol({{"protocol", kProtocol}}, "1.2.3"));
}

TEST(Commands, AreFoundByTheirNames) {
  EXPECT_EQ(command_of("ledger"), Command::kLedger);
  EXPECT_EQ(command_of("metrics"), Command::kMetrics);
  EXPECT_EQ(command_of("ledge"), std::nullopt);
  EXPECT_EQ(command_of(""), std::nullopt);
}

TEST(Commands, AreListed) {
  EXPECT_TRUE(command_names().starts_with("ledger, stats, plan, "));
  EXPECT_TRUE(command_names().ends_with(", drain and version"));
}

// docs/control.md has a row for each command, in the order of the commands.
TEST(Commands, AreOnThePage) {
  const char* root = std::getenv("ESC_SOURCE_ROOT");
  std::ifstream file(std::string(root == nullptr ? "." : root) + "/docs/control.md");
  std::vector<std::string> found;
  for (std::string line; std::getline(file, line) && !line.starts_with("With `--json`");) {
    if (!line.starts_with("| `")) continue;
    std::istringstream cell(line.substr(3, line.find(" |", 3) - 3));
    for (std::string part; std::getline(cell, part, ',');) {
      const std::size_t begin = part.find_first_not_of(" `");
      const std::string name = part.substr(begin, part.find_first_of(" `", begin) - begin);
      if (found.empty() || found.back() != name) found.push_back(name);
    }
  }
  std::vector<std::string> known;
  for (const auto& row : kCommandRows) known.emplace_back(row.name);
  EXPECT_EQ(found, known);
}

}  // namespace
}  // namespace esc::control
