#include "config/fixed.hpp"

#include "support.hpp"

namespace esc::config {
namespace {

using namespace test;

constexpr std::string_view kRest =
    " cannot change while escd runs; put it back, or restart escd "
    "with the new file";

/// What a reload of kMinimal says to this text.
Texts differences(const std::string& text, std::vector<std::string> set = {}) {
  Texts texts;
  const Config next = loaded(text, {.set = std::move(set), .eal_args = {}});
  for (const Problem& problem : check_fixed(loaded(kMinimal), next)) {
    texts.push_back(topology::to_text(problem));
  }
  return texts;
}

std::string with(const std::string& lines) {
  return std::string(kMinimal) + lines;
}

TEST(Fixed, WhatAReloadMayChangeIsNone) {
  EXPECT_EQ(differences(with("priority = 3\n[[route]]\ntopic = \"b\"\nhandler = \"null\"\n"
                             "[pressure]\nshed_below = [1, 2]\n"
                             "[routing]\nunknown_topic = \"drop\"\n"
                             "[[producer]]\nid = 1\nsources = [\"::1\"]\n")),
            Texts{});
  // Where a line stands makes no difference.
  EXPECT_EQ(differences("# a comment\n\n" + with("[limits]\nmax_routes = 65536\n")), Texts{});
}

// Its marks need memory, which is reserved at start: who has it may lose the right to replay, and
// who has none cannot be given it.
TEST(Fixed, WhoMayReplayIfThereIsMemoryForIt) {
  const std::string someone = with("[replay]\nsources = [\"::1\"]\n");
  const std::string problem =
      "t.toml:12:11: whether there is memory for the marks of replayed dead letters";
  EXPECT_EQ(differences(someone), Texts{problem + std::string(kRest)});
  EXPECT_EQ(check_fixed(loaded(someone), loaded(kMinimal)).size(), 0U);
  const std::string kept = "[dead_letters]\ndirectory = \"letters\"\n";
  EXPECT_EQ(check_fixed(loaded(with(kept)), loaded(someone + kept)).size(), 0U);
}

TEST(Fixed, EachSectionIsNamedWithItsLine) {
  EXPECT_EQ(differences("instance = \"other\"\n" + with("[rings]\nburst = 32\n"
                                                        "[limits]\nmax_routes = 9\n")),
            (Texts{"t.toml:1:12: 'instance'" + std::string(kRest),
                   "t.toml:12:1: [rings]" + std::string(kRest),
                   "t.toml:14:1: [limits]" + std::string(kRest)}));
}

TEST(Fixed, TheFirstPortThatIsAnother) {
  EXPECT_EQ(differences(with("[[port]]\ndevice = \"net_null1\"\nudp_ports = [9001]\n")),
            Texts{"t.toml:11:1: [[port]]" + std::string(kRest)});
  std::string text(kMinimal);
  text.replace(text.find("9001"), 4, "9002");
  EXPECT_EQ(differences(text), Texts{"t.toml:1:1: [[port]]" + std::string(kRest)});
}

TEST(Fixed, WhatTheCommandLineSetIsNamedSo) {
  EXPECT_EQ(differences(std::string(kMinimal), {"log.level=debug"}),
            Texts{"--set log.level=debug: [log]" + std::string(kRest)});
}

TEST(Fixed, ASectionThatIsGoneHasNoLine) {
  const Config now = loaded(with("[log]\nlevel = \"debug\"\n"));
  const auto problems = check_fixed(now, loaded(kMinimal));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(topology::to_text(problems[0]), "t.toml: [log]" + std::string(kRest));
}

}  // namespace
}  // namespace esc::config
