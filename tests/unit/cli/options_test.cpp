// SPDX-License-Identifier: BSD-3-Clause
#include "cli/options.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace esc::cli {
namespace {

/// A program with an option of each kind.
struct Program {
  std::uint16_t port = 9001;
  std::uint64_t packets = 0;
  double rate = 2.5;
  std::optional<std::uint32_t> epoch;
  std::optional<double> watch_s;
  std::string topic;
  std::vector<std::string> set;
  std::string order = "lost";
  std::vector<std::string> reasons;
  std::string folder;
  bool dry_run = false;

  struct Ended {
    Parsed how;
    std::string said;
    std::string printed;
  };
  Ended run(std::vector<const char*> arguments) {
    CLI::App app("A program.", "program");
    add_text(app, "FOLDER", folder, "where");
    add_number(app, "--port", port, "a port", {1, UINT64_MAX});
    add_number(app, "--packets", packets, "how many");
    add_number(app, "--rate", rate, "how fast", {0, 1000});
    add_number(app, "--epoch", epoch, "which epoch");
    add_number(app, "--watch", watch_s, "how often", {0.05, 3600})
        ->expected(0, 1)
        ->default_str("1");
    add_text(app, "--topic", topic, "which topic");
    add_texts(app, "--set", set, "a key");
    add_choice(app, "--by", order, "which first", {"lost", "rate"});
    add_choices(app, "--reason", reasons, "why", {"stale", "full"});
    app.add_flag("--dry-run", dry_run, "only say");
    arguments.insert(arguments.begin(), "program");
    StandardOutput out("program");
    ::testing::internal::CaptureStderr();
    ::testing::internal::CaptureStdout();
    const Parsed how = parse(app, static_cast<int>(arguments.size()), arguments.data(), out);
    EXPECT_EQ(out.finish(0, 1), 0);
    std::string printed = ::testing::internal::GetCapturedStdout();
    return {how, ::testing::internal::GetCapturedStderr(), std::move(printed)};
  }
  void expect_refused(std::vector<const char*> arguments, const std::string& says) {
    std::string line;
    for (const char* one : arguments) line += std::string(" ") + one;
    const Ended ended = run(std::move(arguments));
    EXPECT_EQ(ended.how, Parsed::kUsage) << line;
    EXPECT_NE(ended.said.find(says), std::string::npos) << line << ": " << ended.said;
    EXPECT_TRUE(ended.said.starts_with("program: ")) << ended.said;
    EXPECT_TRUE(ended.said.ends_with("\n  fix: see program --help\n")) << ended.said;
    EXPECT_EQ(ended.printed, "");
  }
};

TEST(Options, AreRead) {
  Program program;
  const auto ended = program.run({"--port",     "80",      "--packets=18446744073709551615",
                                  "--rate",     "0",       "--epoch",
                                  "4294967295", "--watch", "0.05",
                                  "--topic",    "{}",      "--set",
                                  "a=1",        "--set",   "[b]",
                                  "--by",       "rate",    "--reason",
                                  "stale,full", "[x]",     "--dry-run"});
  EXPECT_EQ(ended.said, "");
  EXPECT_EQ(ended.how, Parsed::kGoOn);
  EXPECT_EQ(program.port, 80);
  EXPECT_EQ(program.packets, UINT64_MAX);
  EXPECT_EQ(program.rate, 0);
  EXPECT_EQ(program.epoch, UINT32_MAX);
  EXPECT_EQ(program.watch_s, 0.05);
  EXPECT_EQ(program.topic, "{}");
  EXPECT_EQ(program.set, (std::vector<std::string>{"a=1", "[b]"}));
  EXPECT_EQ(program.order, "rate");
  EXPECT_EQ(program.reasons, (std::vector<std::string>{"stale", "full"}));
  EXPECT_EQ(program.folder, "[x]");
  EXPECT_TRUE(program.dry_run);
}

TEST(Options, HaveTheValueThatIsLeftOut) {
  Program program;
  EXPECT_EQ(program.run({"--watch", "--dry-run"}).how, Parsed::kGoOn);
  EXPECT_EQ(program.watch_s, 1);
  EXPECT_TRUE(program.dry_run);
  EXPECT_EQ(program.port, 9001);
}

TEST(Options, RefuseWhatIsNoNumberOfTheirRange) {
  Program program;
  const std::string port = "give a whole number from 1 to 65535";
  for (const char* text : {"0", "65536", "-1", "+1", "nan", "1.5", "0x50", " 80", "80 ", "1e3",
                           "18446744073709551617", "-18446744073709551535"}) {
    program.expect_refused({"--port", text}, port);
  }
  const std::string packets = "give a whole number from 0 to 18446744073709551615";
  program.expect_refused({"--packets", "-1"}, packets);
  program.expect_refused({"--packets=-1"}, packets);
  program.expect_refused({"--packets", "18446744073709551616"}, packets);
  program.expect_refused({"--epoch", "4294967296"}, "give a whole number from 0 to 4294967295");
  for (const char* text :
       {"nan", "inf", "-inf", "infinity", "-1", "-0", "1001", "0x1p3", "1e999"}) {
    program.expect_refused({"--rate", text}, "give a number from 0 to 1000");
  }
  for (const char* text : {"nan", "0", "3601", "-1"}) {
    program.expect_refused({"--watch", text}, "give a number from 0.05 to 3600");
  }
}

TEST(Options, RefuseAnEmptyValueEverywhere) {
  Program program;
  for (const char* name : {"--port", "--packets", "--rate", "--epoch", "--watch", "--topic",
                           "--set", "--by", "--reason"}) {
    program.expect_refused({name, ""}, std::string(name) + ": the value is empty");
    const std::string assigned = std::string(name) + "=";
    // CLI11 alone would take the next argument for the value.
    program.expect_refused({assigned.c_str(), "--dry-run"},
                           std::string(name) + ": the value is empty");
  }
  program.expect_refused({""}, "FOLDER: the value is empty");
}

TEST(Options, RefuseWhatIsNoWord) {
  Program program;
  program.expect_refused({"--by", "age"}, "give one of lost, rate");
  program.expect_refused({"--reason", "stale,"}, "give one of stale, full");
  program.expect_refused({"--reason", ","}, "give one of stale, full");
  program.expect_refused({"--nonsense"}, "--nonsense");
}

TEST(Options, AreRefusedInWordsThatAreFitForATerminal) {
  Program program;
  program.expect_refused({"--port", "\x1b[31m"}, "'\\x1b[31m': give");
  program.expect_refused({"--no\x1b[31m"}, "--no\\x1b[31m");
}

TEST(Options, AreInTheHelpWithTheirDefaults) {
  Program program;
  const auto ended = program.run({"--help"});
  EXPECT_EQ(ended.how, Parsed::kDone);
  EXPECT_EQ(ended.said, "");
  EXPECT_NE(ended.printed.find("9001"), std::string::npos) << ended.printed;
  EXPECT_NE(ended.printed.find("2.5"), std::string::npos) << ended.printed;
  EXPECT_NE(ended.printed.find("{stale, full},..."), std::string::npos) << ended.printed;
}

}  // namespace
}  // namespace esc::cli
