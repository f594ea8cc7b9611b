// The key table against the loader: bounds, defaults, examples; and against the documentation.
#include "config/keys.hpp"

#include <fstream>
#include <sstream>

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

// What a key needs beside it to be judged alone. CPU and worker indices reach into lists, so those
// are made long.
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

// A choice that asks for another key as well.
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
  EXPECT_EQ(checked, 51);
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
    const std::int64_t few = spec.min_items;
    EXPECT_FALSE(takes(spec, list(few - 1, spec.min))) << label;
    EXPECT_TRUE(takes(spec, list(few, spec.min))) << label;
    EXPECT_TRUE(takes(spec, list(spec.max_items, spec.min))) << label;
    EXPECT_FALSE(takes(spec, list(spec.max_items + 1, spec.min))) << label;
    EXPECT_TRUE(takes(spec, list(few, spec.max - few + 1))) << label;
    EXPECT_FALSE(takes(spec, list(few, spec.max - few + 2))) << label;
    EXPECT_FALSE(takes(spec, list(few, spec.min - 1))) << label;
    ++checked;
  }
  EXPECT_EQ(checked, 16);
}

TEST(KeyTable, StringBoundsHold) {
  for (const char* key : {"instance", "name", "file", "socket", "topic"}) {
    for (const KeySpec& spec : all_keys()) {
      if (spec.key != key) continue;
      const auto length = static_cast<std::size_t>(spec.max);
      EXPECT_TRUE(takes(spec, "\"" + std::string(length, 'x') + "\"")) << key;
      EXPECT_FALSE(takes(spec, "\"" + std::string(length + 1, 'x') + "\"")) << key;
      EXPECT_FALSE(takes(spec, "\"\"")) << key;
    }
  }
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

std::string dump(const PressureConfig& pressure) {
  std::ostringstream out;
  const auto all = [&out](const auto& numbers) {
    for (const auto number : numbers) out << static_cast<long long>(number) << ',';
  };
  for (const PressureThresholds& thresholds : pressure.thresholds) {
    all(thresholds.enter);
    all(thresholds.leave);
  }
  all(pressure.dwell_ms);
  all(pressure.shed_below);
  all(std::array{pressure.defer_lossless, pressure.defer_nic});
  all(std::array{pressure.keep_shed});
  out << pressure.worker_latency_full_us;
  return out.str();
}

std::string dump(const HealthConfig& health) {
  std::ostringstream out;
  out << health.window_s << ',' << health.max_port_losses << ',' << health.max_losses << ','
      << health.max_shed << ',' << health.max_dropped_as_told << ',' << health.max_refused << ','
      << health.max_producer_gaps << ',' << health.max_handler_busy_percent;
  return out.str();
}

// Every value of a Config as text; sources and warnings are left out.
std::string dump(const Config& config) {
  std::ostringstream out;
  const auto number = [](auto value) { return static_cast<long long>(value); };
  out << config.instance << '|' << config.eal.args.size() << '|' << number(config.memory.hugepages)
      << '|' << config.memory.limit_mib << '|';
  for (const PortConfig& port : config.ports) {
    out << port.name << '|' << number(port.checksum) << '|' << port.rx_queues << '|'
        << port.rx_descriptors << '|' << port.pool_mbufs << '|' << port.mbuf_data_bytes << '|'
        << port.mtu << '|' << port.promiscuous << '|' << number(port.lossless_setting) << '|'
        << number(port.restamp) << '|';
  }
  out << number(config.lcores.idle) << '|' << config.lcores.sleep_max_us << '|'
      << config.lcores.stall_ms << '|' << config.rings.ingest_cells << '|'
      << config.rings.ingest_soft_mark_cells << '|' << config.rings.worker_cells << '|'
      << config.rings.hold_cells << '|' << config.rings.hold_timeout_ms << '|'
      << config.deduplication.sequenced << '|' << config.deduplication.window << '|'
      << config.deduplication.producers << '|' << config.deduplication.idempotency_s << '|'
      << config.deduplication.keyed_bytes << '|' << dump(config.pressure) << '|'
      << config.rings.burst << '|' << config.limits.max_frame_bytes << '|'
      << config.limits.max_topic_bytes << '|' << config.limits.max_routes << '|'
      << config.shutdown.drain_timeout_ms << '|' << number(config.log.level) << '|'
      << number(config.routing.unknown_topic) << '|' << dump(config.health) << '|';
  const auto route = [&](const RouteConfig& one) {
    out << number(one.spread) << '|' << one.priority.value_or(-1) << '|' << number(one.on_full)
        << '|' << number(one.retries) << '|' << number(one.dedup.kind) << '|' << one.dedup.offset
        << '|' << one.dedup.bytes << '|' << one.publishers.size() << '|';
  };
  route(config.routes.at(0));
  if (config.routing.default_route) route(*config.routing.default_route);
  return out.str();
}

TEST(KeyTable, DefaultsAreTheOnesThatApply) {
  int checked = 0;
  for (const KeySpec& spec : all_keys()) {
    if (spec.default_text.empty()) continue;
    const std::string untouched = dump(with_set(context_of(spec)));
    std::vector<std::string> set = context_of(spec);
    set.push_back(path_of(spec) + "=" + std::string(spec.default_text));
    EXPECT_EQ(dump(with_set(set)), untouched) << set.back();
    ++checked;
  }
  EXPECT_EQ(checked, 76);
}

TEST(KeyTable, ExamplesLoad) {
  for (const KeySpec& spec : all_keys()) {
    const std::string_view example = spec.example;
    EXPECT_EQ(example.substr(0, spec.key.size() + 3), std::string(spec.key) + " = ");
    EXPECT_TRUE(takes(spec, std::string(example.substr(spec.key.size() + 3)))) << example;
    EXPECT_FALSE(spec.meaning.empty()) << spec.key;
    EXPECT_FALSE(spec.required && !spec.default_text.empty()) << spec.key;
  }
}

std::string documentation() {
  const char* root = std::getenv("ESC_SOURCE_ROOT");
  std::ifstream file(std::string(root == nullptr ? "." : root) + "/docs/configuration.md");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Documentation, ReferenceIsTheKeyTable) {
  constexpr std::string_view kBegin = "<!-- reference: begin -->\n";
  constexpr std::string_view kEnd = "<!-- reference: end -->";
  const std::string text = documentation();
  const std::size_t begin = text.find(kBegin);
  const std::size_t end = text.find(kEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::string written = text.substr(begin + kBegin.size(), end - begin - kBegin.size());
  if (written != reference_markdown()) {
    std::ofstream("configuration-reference.md") << reference_markdown();
  }
  EXPECT_EQ(written, reference_markdown())
      << "put configuration-reference.md, written beside this test, between the markers";
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
