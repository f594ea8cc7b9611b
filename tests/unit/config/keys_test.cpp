// SPDX-License-Identifier: BSD-3-Clause
// Compares the key table with what the loader does (bounds, defaults, examples), and with the page.
#include "config/keys.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>

#include "reference.hpp"
#include "support.hpp"

namespace esc::config {
namespace {

using namespace test;

std::string path_of(const KeySpec& spec) {
  const SectionSpec& section = *find_section(spec.section);
  if (section.name.empty()) return std::string(spec.key);
  return std::string(section.name) + (section.is_array ? "[0]." : ".") + std::string(spec.key);
}

// The leave thresholds of enter thresholds, and the other way round.
std::string counterpart(std::string_view key) {
  const bool enters = key.ends_with("_enter_permille");
  const std::string_view stem = key.substr(0, key.rfind(enters ? "_enter" : "_leave"));
  return std::string(stem) + (enters ? "_leave_permille" : "_enter_permille");
}

// Other keys without which the key's values would be refused. CPU and worker indices point into
// lists, so the lists are made long.
std::vector<std::string> context_of(const KeySpec& spec) {
  std::vector<std::string> context;
  if (spec.key == "ingest_soft_mark_cells") context.push_back("rings.ingest_cells=1048576");
  if (spec.key.ends_with("_enter_permille")) {
    return {path_of(*find_key("pressure", counterpart(spec.key))) + "=[1,1,1,1]"};
  }
  if (spec.key.ends_with("_leave_permille")) {
    return {path_of(*find_key("pressure", counterpart(spec.key))) + "=[1001,1001,1001,1001]"};
  }
  if (spec.section == "default_route") {
    context = {"routing.unknown_topic=route", "default_route.handler=count"};
  }
  // There are no TCP roles without a listener.
  if (spec.key == "tcp" || spec.section == "tcp") context = {"tcp[0].listen=\"127.0.0.1:9\""};
  if (spec.section == "producer") context = {"producer[0].id=1", "producer[0].sources=[\"::1\"]"};
  const std::string table = spec.section == "route" ? "route[0]" : std::string(spec.section);
  if (spec.key == "worker") {
    std::string workers = "lcores.workers=[0";
    for (int i = 1; i < 128; ++i) workers += ",0";
    context.push_back(workers + "]");
    context.push_back(table + ".spread=worker");
  }
  if (spec.key == "restamp") {
    context.push_back("port[0].device=\"net_pcap0,rx_pcap=t.pcap,infinite_rx=1\"");
  }
  if (spec.key.starts_with("dedup")) context.push_back("deduplication.keyed_bytes=65536");
  if (spec.key == "dedup_offset" || spec.key == "dedup_bytes") {
    context.push_back(table + ".dedup=content");
  }
  return context;
}

// With a port, which every test here has, `rx` must not be empty: ConfigPlan has that.
bool may_be_empty(const KeySpec& spec) {
  return spec.min_items == 0 && path_of(spec) != "lcores.rx";
}

// The same for a choice that needs further keys.
std::vector<std::string> context_of(const KeySpec& spec, std::string_view choice) {
  std::vector<std::string> context = context_of(spec);
  const std::string table = spec.section == "route" ? "route[0]" : std::string(spec.section);
  if (choice == "worker") context.push_back(table + ".worker=0");
  if (choice == "payload-id") context.push_back(table + ".dedup_bytes=16");
  if (spec.key == "unknown_topic" && choice == "route") {
    context.push_back("default_route.handler=count");
  }
  return context;
}

bool takes(const KeySpec& spec, const std::string& value, std::vector<std::string> context) {
  context.push_back(path_of(spec) + "=" + value);
  return set_problems(std::move(context)).empty();
}
bool takes(const KeySpec& spec, const std::string& value) {
  return takes(spec, value, context_of(spec));
}

TEST(KeyTable, IntegerBoundsHold) {
  int checked = 0;
  for (const KeySpec& spec : all_keys()) {
    if (spec.type != KeyType::kInteger) continue;
    const std::string label = path_of(spec);
    EXPECT_TRUE(takes(spec, std::to_string(spec.min))) << label;
    EXPECT_TRUE(takes(spec, std::to_string(spec.max))) << label;
    EXPECT_FALSE(takes(spec, std::to_string(spec.max + 1))) << label;
    EXPECT_FALSE(takes(spec, std::to_string(spec.max * 2))) << label;
    EXPECT_FALSE(takes(spec, "-1")) << label;
    if (spec.min > 0) {
      EXPECT_EQ(takes(spec, "0"), spec.zero_too) << label;
    }
    if (spec.min > 1) {
      EXPECT_FALSE(takes(spec, std::to_string(spec.min - 1))) << label;
    }
    if (spec.power_of_two) {
      EXPECT_FALSE(takes(spec, std::to_string(spec.min + 1))) << label;
    }
    EXPECT_FALSE(takes(spec, "9223372036854775807")) << label;
    ++checked;
  }
  EXPECT_GT(checked, 0);
}

TEST(KeyTable, ListBoundsHold) {
  const auto list = [](std::int64_t items, std::int64_t first) {
    std::string text = "[";
    for (std::int64_t i = 0; i < items; ++i) {
      text += (i > 0 ? "," : "") + std::to_string(first + i);
    }
    return text + "]";
  };
  int checked = 0;
  for (const KeySpec& spec : all_keys()) {
    if (spec.type != KeyType::kIntegers) continue;
    const std::string label = path_of(spec);
    const std::int64_t few = std::max<std::int64_t>(spec.min_items, 1);
    EXPECT_EQ(takes(spec, list(few - 1, spec.min)), few > 1 ? false : may_be_empty(spec)) << label;
    EXPECT_TRUE(takes(spec, list(few, spec.min))) << label;
    EXPECT_TRUE(takes(spec, list(spec.max_items, spec.min))) << label;
    EXPECT_FALSE(takes(spec, list(spec.max_items + 1, spec.min))) << label;
    EXPECT_TRUE(takes(spec, list(few, spec.max - few + 1))) << label;
    EXPECT_FALSE(takes(spec, list(few, spec.max - few + 2))) << label;
    EXPECT_FALSE(takes(spec, list(few, spec.min - 1))) << label;
    ++checked;
  }
  EXPECT_GT(checked, 0);
}

TEST(KeyTable, StringBoundsHold) {
  const std::set<std::string_view> no_plain_words = {"device", "handler", "listen"};
  int checked = 0;
  for (const KeySpec& spec : all_keys()) {
    if (spec.type != KeyType::kString || no_plain_words.contains(spec.key)) continue;
    const std::string label = path_of(spec);
    const auto length = static_cast<std::size_t>(spec.max);
    EXPECT_TRUE(takes(spec, "\"" + std::string(length, 'x') + "\"")) << label;
    EXPECT_FALSE(takes(spec, "\"" + std::string(length + 1, 'x') + "\"")) << label;
    EXPECT_FALSE(takes(spec, "\"\"")) << label;
    ++checked;
  }
  EXPECT_GT(checked, 0);
}

TEST(KeyTable, EveryChoiceIsTakenAndDistinct) {
  for (const KeySpec& spec : all_keys()) {
    for (const std::string_view choice : spec.choices) {
      EXPECT_TRUE(takes(spec, "\"" + std::string(choice) + "\"", context_of(spec, choice)))
          << path_of(spec) << choice;
    }
  }
  EXPECT_EQ(with_set({"memory.hugepages=off"}).memory.hugepages, Hugepages::kOff);
  EXPECT_EQ(with_set({"port[0].checksum=off"}).ports[0].checksum, Checksum::kOff);
  EXPECT_EQ(with_set({"route[0].spread=round-robin"}).routes[0].spread, Spread::kRoundRobin);
  EXPECT_EQ(with_set({"route[0].on_full=shed"}).routes[0].on_full, OnFull::kShed);
  EXPECT_EQ(
      with_set({"route[0].dedup=content", "deduplication.keyed_bytes=65536"}).routes[0].dedup.kind,
      DedupKind::kContent);
  EXPECT_EQ(with_set({"routing.unknown_topic=drop"}).routing.unknown_topic, UnknownTopic::kDrop);
  EXPECT_EQ(with_set({"log.level=trace"}).log.level, LogLevel::kTrace);
  EXPECT_EQ(with_set({"log.level=error"}).log.level, LogLevel::kError);
  EXPECT_EQ(with_set({"port[0].lossless=auto"}).ports[0].lossless_setting, Lossless::kAuto);
  EXPECT_EQ(with_set({"port[0].lossless=true"}).ports[0].lossless_setting, Lossless::kYes);
  EXPECT_EQ(with_set({"port[0].lossless=false"}).ports[0].lossless_setting, Lossless::kNo);
}

// Every value that a key can set, as the rows print it. A member without a row cannot be set.
std::string dump(const Config& config) {
  std::string text;
  for (const SectionSpec& section : all_sections()) {
    for (std::size_t i = 0; i < section.binding.count(config); ++i) {
      text += "[" + std::string(section.name) + "]\n";
      for (const KeySpec& spec : section.keys) {
        text += std::string(spec.key) + " = " +
                spec.binding.text(spec, section.binding.at(config, i)) + "\n";
      }
    }
  }
  return text;
}

std::string dump_with(const KeySpec& spec, const std::string& value,
                      std::vector<std::string> context) {
  context.push_back(path_of(spec) + "=" + value);
  return dump(with_set(std::move(context)));
}

TEST(KeyTable, ADumpHasEveryKeyOfEverySection) {
  const std::string text = dump(
      with_set({"routing.unknown_topic=route", "default_route.handler=count", "producer[0].id=1",
                "producer[0].sources=[\"::1\"]", "tcp[0].listen=\"127.0.0.1:9100\""}));
  for (const SectionSpec& section : all_sections()) {
    EXPECT_NE(text.find("[" + std::string(section.name) + "]\n"), std::string::npos)
        << section.name;
  }
  for (const std::string_view line :
       {"instance = \"escd\"\n", "args = []\n", "device = \"net_null0\"\n", "lossless = \"auto\"\n",
        "workers = [0]\n", "main = \n", "ingest_ring_enter_permille = [600, 700, 800, 900]\n",
        "io_uring = true\n", "dedup = \"none\"\n", "id = 1\n", "sources = [\"::1/128\"]\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

// A dump shows what the file set: the rows print what they read.
TEST(KeyTable, ADumpCanBeReadAgain) {
  int checked = 0;
  for (const KeySpec& spec : all_keys()) {
    const std::string example(spec.example.substr(spec.key.size() + 3));
    const std::string text = dump_with(spec, example, context_of(spec));
    std::string line = "\n" + std::string(spec.key) + " = ";
    const std::size_t section = text.find("[" + std::string(spec.section) + "]\n");
    ASSERT_NE(section, std::string::npos) << path_of(spec);
    const std::size_t begin = text.find(line, section) + line.size();
    const std::string printed = text.substr(begin, text.find('\n', begin) - begin);
    EXPECT_EQ(dump_with(spec, printed, context_of(spec)), text) << path_of(spec);
    ++checked;
  }
  EXPECT_GT(checked, 0);
}

TEST(KeyTable, DefaultsAreTheOnesThatApply) {
  int checked = 0;
  for (const KeySpec& spec : all_keys()) {
    const std::string text = default_text(spec);
    if (text.empty() || (text == "[]" && !may_be_empty(spec))) continue;
    EXPECT_EQ(dump_with(spec, text, context_of(spec)), dump(with_set(context_of(spec))))
        << path_of(spec);
    ++checked;
  }
  EXPECT_GT(checked, 0);
}

// Values of which the key takes at least two.
std::vector<std::string> some_values(const KeySpec& spec) {
  const std::string example(spec.example.substr(spec.key.size() + 3));
  std::vector<std::string> values = {example};
  const auto add = [&values](const std::string& value) { values.push_back(value); };
  switch (spec.type) {
    case KeyType::kInteger:
    case KeyType::kUnsigned64:
      add(std::to_string(spec.min));
      add(std::to_string(spec.max));
      break;
    case KeyType::kIntegers:
      for (const std::int64_t first : {spec.min, spec.min + 1}) {
        std::string list;
        for (std::int64_t i = 0; i < std::max<std::int64_t>(spec.min_items, 1); ++i)
          list += (i > 0 ? "," : "") + std::to_string(first + i);
        add("[" + list + "]");
      }
      break;
    case KeyType::kString:
      add("\"null\"");  // a name that is also valid for a handler
      add("\"[::1]:9100\"");
      add(example.substr(0, example.size() - 1) + "x\"");
      break;
    case KeyType::kStrings:
      add("[\"--no-pci\"]");
      add("[\"--legacy-mem\"]");
      add("[\"192.0.2.1\"]");
      break;
    case KeyType::kBoolean:
    case KeyType::kChoiceOrBoolean:
      add("true");
      add("false");
      break;
    default:
      break;
  }
  for (const std::string_view choice : spec.choices) add("\"" + std::string(choice) + "\"");
  return values;
}

// Without this the test of the defaults would pass for a key that nothing reads.
TEST(KeyTable, EveryKeySetsAValue) {
  for (const KeySpec& spec : all_keys()) {
    std::set<std::string> taken;
    for (const std::string& value : some_values(spec)) {
      if (takes(spec, value)) taken.insert(dump_with(spec, value, context_of(spec)));
    }
    EXPECT_GT(taken.size(), 1U) << path_of(spec);
  }
}

TEST(KeyTable, ExamplesLoad) {
  for (const KeySpec& spec : all_keys()) {
    const std::string_view example = spec.example;
    EXPECT_EQ(example.substr(0, spec.key.size() + 3), std::string(spec.key) + " = ");
    EXPECT_TRUE(takes(spec, std::string(example.substr(spec.key.size() + 3)))) << example;
    EXPECT_FALSE(spec.meaning.empty()) << spec.key;
    EXPECT_FALSE(spec.required && spec.no_default) << spec.key;
  }
}

std::string documentation() {
  const char* root = std::getenv("ESC_SOURCE_ROOT");
  std::ifstream file(std::string(root == nullptr ? "." : root) + "/docs/configuration.md");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Documentation, ReferenceIsTheKeyTable) {
  const std::string page = documentation();
  EXPECT_EQ(with_reference(page), page) << "ninja -C build configuration-reference";
}

TEST(Documentation, ItsExampleLoads) {
  const std::string text = documentation();
  const std::size_t begin = text.find("```toml\n");
  ASSERT_NE(begin, std::string::npos);
  const std::string block = text.substr(begin + 8, text.find("```", begin + 8) - begin - 8);
  const Config config = loaded(block);
  EXPECT_EQ(config.instance, "demo");
  EXPECT_EQ(config.eal.args, Texts{"--no-pci"});
  ASSERT_EQ(config.ports.size(), 1U);
  EXPECT_EQ(config.ports[0].device.spec, "net_pcap0,rx_pcap=trace.pcap");
  EXPECT_TRUE(config.ports[0].lossless());
  EXPECT_EQ(config.ports[0].udp_ports, std::vector<std::uint16_t>{9001});
  EXPECT_EQ(config.lcores.workers, (std::vector<unsigned>{1, 1}));
  EXPECT_EQ(config.lcores.idle, Idle::kAdaptive);
  ASSERT_EQ(config.routes.size(), 1U);
  EXPECT_EQ(config.routes[0].topic, "sensor/7/temp");
  EXPECT_TRUE(config.warnings.empty());
}

}  // namespace
}  // namespace esc::config
