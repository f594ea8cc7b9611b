// SPDX-License-Identifier: BSD-3-Clause
// Through EAL's own telemetry socket, as DPDK's tools ask. One EAL for the whole program.
#include "telemetry/dpdk_export.hpp"

#include <gtest/gtest.h>
#include <rte_eal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace esc::telemetry {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

class DpdkExportTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    static std::string prefix = "esc-export-test-" + std::to_string(::getpid());
    const std::string cpu = "0@" + std::to_string(sched_getcpu());
    static std::vector<std::string> words = {
        "dpdk-export-test", "--no-huge", "--no-shconf",   "--no-pci", "-m", "64", "--lcores", cpu,
        "--log-level",      "error",     "--file-prefix", prefix};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    ASSERT_GE(rte_eal_init(static_cast<int>(arguments.size()), arguments.data()), 0);
  }
  static void TearDownTestSuite() { rte_eal_cleanup(); }

  // The answer to one request over a connection of its own; null for what DPDK answers null to.
  static json ask(const std::string& command) {
    const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::snprintf(address.sun_path, sizeof(address.sun_path), "%s/dpdk_telemetry.v2",
                  rte_eal_get_runtime_dir());
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    std::string reply(20'000, '\0');
    EXPECT_GT(::read(fd, reply.data(), reply.size()), 0);  // the greeting
    EXPECT_EQ(::write(fd, command.data(), command.size()), static_cast<ssize_t>(command.size()));
    const ssize_t got = ::read(fd, reply.data(), reply.size());
    EXPECT_GT(got, 0);
    ::close(fd);
    reply.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return json::parse(reply, nullptr, false).value(command, json("no such member"));
  }
};

TEST_F(DpdkExportTest, ConvertsEveryKindOfValue) {
  DpdkExport exported;
  exported.add("/esc_test/kinds", "kinds", [] {
    return ordered_json::parse(R"({"zero":0,"big":18446744073709551615,"minus":-9000000000,
      "yes":true,"no":false,"half":0.5,"text":"a\u001b[2J\u00e9\"\\","nothing":null,
      "empty":{},"list":[{"a":1},{"a":2},7],"deep":{"b":{"c":"d"}}})");
  });
  EXPECT_EQ(ask("/esc_test/kinds"),
            json::parse(R"({"zero":0,"big":18446744073709551615,"minus":"-9000000000",
              "yes":1,"no":0,"half":"0.5","text":"a?[2J??\"\\",
              "empty":{},"list":{"0":{"a":1},"1":{"a":2},"2":7},"deep":{"b":{"c":"d"}}})"));
}

TEST_F(DpdkExportTest, MakesSignedCountsUnsigned) {
  DpdkExport exported;
  exported.add("/esc_test/signed", "signed", [] {
    ordered_json values;
    values["n"] = std::int64_t{5'000'000'000};
    return values;
  });
  EXPECT_EQ(ask("/esc_test/signed"), json::parse(R"({"n":5000000000})"));
}

TEST_F(DpdkExportTest, MakesKeysLegalAndKeepsTheFirst) {
  DpdkExport exported;
  exported.add("/esc_test/keys", "keys", [] {
    return ordered_json{{"sensor/7 temp", 1}, {"a.b", 2}, {"a-b", 3}, {"", 4}};
  });
  EXPECT_EQ(ask("/esc_test/keys"), json::parse(R"({"sensor/7_temp":1,"a_b":2,"_":4})"));
}

TEST_F(DpdkExportTest, BoundsStringsKeysAndEntries) {
  DpdkExport exported;
  exported.add("/esc_test/long", "long", [] {
    ordered_json values;
    values[std::string(200, 'k')] = std::string(200, 'v');
    return values;
  });
  EXPECT_EQ(ask("/esc_test/long"), (json{{std::string(127, 'k'), std::string(127, 'v')}}));
  exported.add("/esc_test/many", "many", [] {
    ordered_json values;
    for (int i = 0; i < 300; ++i) values["n" + std::to_string(i)] = i;
    return values;
  });
  const json many = ask("/esc_test/many");
  EXPECT_EQ(many.size(), 256U);
  EXPECT_EQ(many["n255"], 255);
}

TEST_F(DpdkExportTest, EndsNestingAtEightLevels) {
  DpdkExport exported;
  exported.add("/esc_test/deep", "deep", [] {
    ordered_json values = {{"leaf", 1}};
    for (int i = 0; i < 50; ++i) values = ordered_json{{"in", values}, {"n", 50 - i}};
    return values;
  });
  json level = ask("/esc_test/deep");
  for (int depth = 1; depth < 8; ++depth) {
    EXPECT_EQ(level["n"], depth);
    level = json(level["in"]);
  }
  EXPECT_EQ(level, json::parse(R"({"n":8})"));
}

TEST_F(DpdkExportTest, AFailureAnswersNull) {
  DpdkExport exported;
  exported.add("/esc_test/fails", "fails",
               []() -> ordered_json { throw std::runtime_error("no figures"); });
  EXPECT_EQ(ask("/esc_test/fails"), nullptr);
}

TEST_F(DpdkExportTest, ClearedCommandsAnswerEmptyAndCanComeBack) {
  {
    DpdkExport exported;
    exported.add("/esc_test/again", "again", [] { return ordered_json{{"n", 1}}; });
    EXPECT_EQ(ask("/esc_test/again"), json::parse(R"({"n":1})"));
    exported.add("/esc_test/again", "again", [] { return ordered_json{{"n", 2}}; });
    EXPECT_EQ(ask("/esc_test/again"), json::parse(R"({"n":2})"));
    exported.clear();
    EXPECT_EQ(ask("/esc_test/again"), json::object());
    exported.add("/esc_test/again", "again", [] { return ordered_json{{"n", 3}}; });
  }
  EXPECT_EQ(ask("/esc_test/again"), json::object());
  const json commands = ask("/");
  EXPECT_EQ(std::count(commands.begin(), commands.end(), "/esc_test/again"), 1);
}

TEST_F(DpdkExportTest, NamesAPathThatDpdkRefuses) {
  DpdkExport exported;
  for (const std::string& path : {std::string("esc"), std::string("/a b"), std::string(56, '/')}) {
    EXPECT_THROW(exported.add(path, "x", [] { return ordered_json::object(); }),
                 std::invalid_argument)
        << path;
  }
}

TEST_F(DpdkExportTest, NoFiguresAreComputedOnceClearHasReturned) {
  std::atomic<bool> alive = true;
  std::atomic<int> calls_after = 0;
  DpdkExport exported;
  exported.add("/esc_test/race", "race", [&] {
    if (!alive) ++calls_after;
    return ordered_json{{"n", 1}};
  });
  std::thread asker([] {
    for (int i = 0; i < 50; ++i) (void)ask("/esc_test/race");
  });
  exported.clear();
  alive = false;
  asker.join();
  EXPECT_EQ(calls_after, 0);
}

}  // namespace
}  // namespace esc::telemetry
