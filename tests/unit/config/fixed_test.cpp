// SPDX-License-Identifier: BSD-3-Clause
#include "config/fixed.hpp"

#include <set>

#include "config/keys.hpp"
#include "support.hpp"

namespace esc::config {
namespace {

using namespace test;

constexpr std::string_view kRest =
    " cannot change while escd runs; put it back, or restart escd "
    "with the new file";

/// The problems of a reload from kMinimal, or another text, to this one.
Texts differences(const std::string& text, std::vector<std::string> set = {},
                  std::string_view now = kMinimal) {
  Texts texts;
  const Config next = loaded(text, {.set = std::move(set), .eal_args = {}});
  for (const Problem& problem : check_fixed(loaded(now), next)) {
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
                             "[health]\nwindow_s = 60\n"
                             "[routing]\nunknown_topic = \"drop\"\n"
                             "[[producer]]\nid = 1\nsources = [\"::1\"]\n")),
            Texts{});
  // Other line numbers alone are no difference.
  EXPECT_EQ(differences("# a comment\n\n" + with("[limits]\nmax_routes = 65536\n")), Texts{});
}

// Marks of replayed letters need memory, which is reserved at start. So a reload may take every
// replay.sources away, but can add the first only if there is such memory.
TEST(Fixed, WhoMayReplayIfThereIsMemoryForIt) {
  const std::string someone = with("[replay]\nsources = [\"::1\"]\n");
  const std::string problem =
      "t.toml:12:11: whether there is memory for the marks of replayed dead letters";
  EXPECT_EQ(differences(someone), Texts{problem + std::string(kRest)});
  EXPECT_EQ(check_fixed(loaded(someone), loaded(kMinimal)).size(), 0U);
  const std::string kept = "[dead_letters]\ndirectory = \"letters\"\n";
  EXPECT_EQ(check_fixed(loaded(with(kept)), loaded(someone + kept)).size(), 0U);
}

TEST(Fixed, EachKeyIsNamedWithItsPlace) {
  EXPECT_EQ(differences("instance = \"other\"\n" + with("[rings]\nburst = 32\n"
                                                        "[limits]\nmax_routes = 9\n")),
            (Texts{"t.toml:1:12: 'instance'" + std::string(kRest),
                   "t.toml:13:9: 'rings.burst'" + std::string(kRest),
                   "t.toml:15:14: 'limits.max_routes'" + std::string(kRest)}));
}

// The depth of the rings follows from the CPUs if the file does not say it.
TEST(Fixed, AKeyThatFollowsFromAnotherIsNotBlamed) {
  std::string text(kMinimal);
  text.replace(text.find("workers = [0]"), 13, "workers = [1]");
  ASSERT_FALSE(loaded(kMinimal).rings == loaded(text).rings);
  EXPECT_EQ(differences(text), Texts{"t.toml:7:11: 'lcores.workers'" + std::string(kRest)});
  // But a key is named if the new file or the old one gives it.
  const Texts both = {"t.toml:7:11: 'lcores.workers'" + std::string(kRest),
                      "t.toml:12:16: 'rings.worker_cells'" + std::string(kRest)};
  EXPECT_EQ(differences(text + "[rings]\nworker_cells = 512\n"), both);
  const Config now = loaded(with("[rings]\nworker_cells = 512\n"));
  const auto problems = check_fixed(now, loaded(kMinimal));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].what, "'rings.worker_cells' cannot change while escd runs");
}

TEST(Fixed, APortThatIsAnother) {
  EXPECT_EQ(differences(with("[[port]]\ndevice = \"net_null1\"\nudp_ports = [9001]\n")),
            Texts{"t.toml:11:1: the number of [[port]] tables" + std::string(kRest)});
  std::string text(kMinimal);
  text.replace(text.find("9001"), 4, "9002");
  EXPECT_EQ(differences(text), Texts{"t.toml:3:13: 'port[0].udp_ports'" + std::string(kRest)});
}

TEST(Fixed, WhatTheCommandLineSetIsNamedSo) {
  EXPECT_EQ(differences(std::string(kMinimal), {"log.level=debug"}),
            Texts{"--set log.level=debug: 'log.level'" + std::string(kRest)});
}

TEST(Fixed, ASectionThatIsGoneHasNoLine) {
  const Config now = loaded(with("[log]\nlevel = \"debug\"\n"));
  const auto problems = check_fixed(now, loaded(kMinimal));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(topology::to_text(problems[0]), "t.toml: 'log.level'" + std::string(kRest));
}

/// A value for the key, as TOML, that differs from the one in kMinimal.
std::string another(const KeySpec& spec) {
  if (spec.key == "udp_ports") return "[9003]";
  if (spec.section == "lcores" && spec.type == KeyType::kIntegers) return "[3]";
  return std::string(spec.example.substr(spec.example.find(" = ") + 3));
}

// What a reload replaces, as docs/operations.md says.
const std::set<std::string_view> kReplaced = {"routing", "default_route", "route", "producer",
                                              "replay",  "pressure",      "health"};

// And single keys of other sections.
const std::set<std::string> kReplacedKeys = {"tcp.sources", "connections.max_per_source",
                                             "connections.idle_timeout_s",
                                             "connections.frame_timeout_ms"};

bool is_replaced(const KeySpec& spec) {
  return kReplaced.contains(spec.section) ||
         kReplacedKeys.contains(std::string(spec.section) + "." + std::string(spec.key));
}

/// What is wrong with the row's `on_reload`; empty: nothing.
std::string reload_problem(const KeySpec& spec) {
  if (is_replaced(spec) == (spec.on_reload == OnReload::kTaken)) return {};
  return is_replaced(spec) ? "a reload replaces its section" : "nobody takes it from a reload";
}

TEST(Fixed, EachRowSaysWhatAReloadDoes) {
  for (const KeySpec& spec : all_keys()) {
    EXPECT_EQ(reload_problem(spec), "") << spec.section << " " << spec.key;
  }
}

TEST(Fixed, AWrongRowIsFound) {
  KeySpec fixed = *find_key("limits", "max_routes");
  fixed.on_reload = OnReload::kTaken;
  EXPECT_EQ(reload_problem(fixed), "nobody takes it from a reload");
  KeySpec replaced = *find_key("health", "window_s");
  replaced.on_reload = OnReload::kRefused;
  EXPECT_EQ(reload_problem(replaced), "a reload replaces its section");
}

// Every key of the table may change on a reload, or is named when it does.
TEST(Fixed, NoKeyIsForgotten) {
  int checked = 0;
  for (const KeySpec& spec : all_keys()) {
    if (is_replaced(spec)) continue;
    std::string path(spec.section.empty() ? "" : std::string(spec.section) + ".");
    if (find_section(spec.section)->is_array) path = std::string(spec.section) + "[0].";
    path += spec.key;
    std::vector<std::string> set = {path + "=" + another(spec)};
    // Only an endless trace can be restamped, and its device changes with it.
    if (spec.key == "restamp") {
      set.emplace_back("port[0].device=\"net_pcap0,rx_pcap=t.pcap,infinite_rx=1\"");
    }
    const std::string now = with("[[tcp]]\nlisten = \"127.0.0.1:9\"\n");
    bool named = false;
    for (const std::string& text : differences(now, set, now)) {
      named = named || text.find("'" + path + "'") != std::string::npos;
    }
    EXPECT_TRUE(named) << path;
    ++checked;
  }
  EXPECT_GT(checked, 50);
}

}  // namespace
}  // namespace esc::config
