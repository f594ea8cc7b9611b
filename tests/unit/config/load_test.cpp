// SPDX-License-Identifier: BSD-3-Clause
#include <sys/stat.h>

#include <filesystem>

#include "support.hpp"

namespace esc::config {
namespace {

using namespace test;

constexpr std::string_view kFull = R"(instance = "demo-1"
[eal]
args = ["--no-pci", "--log-level", "lib.eal:8"]
[memory]
hugepages = "require"
limit_mib = 512
[[port]]
device = "net_pcap0,rx_pcap=trace.pcap,infinite_rx=1"
name = "feed-a"
udp_ports = [9001, 9002]
checksum = "nic"
rx_queues = 2
rx_descriptors = 512
pool_mbufs = 4096
mbuf_data_bytes = 9216
mtu = 9000
promiscuous = false
lossless = false
[[port]]
device = "net_null1"
udp_ports = [65535]
[lcores]
rx = [0, 2]
dispatch = 1
workers = [1, 1, 3]
main = 4
idle = "busy"
stall_ms = 700
[rings]
ingest_cells = 1024
ingest_soft_mark_cells = 128
worker_cells = 256
burst = 32
[limits]
max_frame_bytes = 9000
max_topic_bytes = 64
max_routes = 2
[shutdown]
drain_timeout_ms = 1500
[log]
level = "debug"
file = "/tmp/e.log"
[control]
socket = "/tmp/e.sock"
[routing]
unknown_topic = "route"
[deduplication]
keyed_bytes = 1048576
[default_route]
handler = "null"
priority = 1
[[route]]
topic = "sensor/7/temp"
handler = "count"
spread = "worker"
worker = 2
priority = 0
on_full = "dead-letter"
retries = 15
dedup = "payload-id"
dedup_offset = 8
dedup_bytes = 16
publishers = ["2001:db8::/32", "10.0.0.0/8", "10.0.0.1"]
[[route]]
topic = "ünï/+/#"
handler = "null"
spread = "by-producer"
dedup = "content"
[[producer]]
id = 7
sources = ["::1"]
[[producer]]
id = "0xffffffffffffffff"
sources = ["10.0.0.0/8", "::/0"]
)";

Texts texts(const std::vector<wire::IpPrefix>& prefixes) {
  Texts made;
  for (const wire::IpPrefix& prefix : prefixes) made.push_back(to_text(prefix));
  return made;
}

TEST(Load, ReadsEveryKey) {
  const Config config = loaded(kFull);
  EXPECT_EQ(config.instance, "demo-1");
  EXPECT_EQ(config.eal.args, (Texts{"--no-pci", "--log-level", "lib.eal:8"}));
  EXPECT_EQ(config.memory.hugepages, Hugepages::kRequire);
  EXPECT_EQ(config.memory.limit_mib, 512U);
  ASSERT_EQ(config.ports.size(), 2U);
  const PortConfig& port = config.ports[0];
  EXPECT_EQ(port.device.kind, DeviceKind::kVdev);
  EXPECT_EQ(port.device.name, "net_pcap0");
  EXPECT_EQ(port.device.driver, "net_pcap");
  EXPECT_EQ(port.device.arg("rx_pcap"), "trace.pcap");
  EXPECT_EQ(port.device.arg("infinite_rx"), "1");
  EXPECT_EQ(port.name, "feed-a");
  EXPECT_EQ(port.udp_ports, (std::vector<std::uint16_t>{9001, 9002}));
  EXPECT_EQ(port.checksum, Checksum::kNic);
  EXPECT_EQ(port.rx_queues, 2);
  EXPECT_EQ(port.rx_descriptors, 512);
  EXPECT_EQ(port.pool_mbufs, 4096U);
  EXPECT_EQ(port.mbuf_data_bytes, 9216U);
  EXPECT_EQ(port.mtu, 9000);
  EXPECT_FALSE(port.promiscuous);
  EXPECT_EQ(port.lossless_setting, Lossless::kNo);
  EXPECT_FALSE(port.lossless());
  EXPECT_EQ(config.ports[1].name, "net_null1");
  EXPECT_EQ(config.lcores.rx, (std::vector<unsigned>{0, 2}));
  EXPECT_EQ(config.lcores.dispatch, std::vector<unsigned>{1});
  EXPECT_EQ(config.lcores.workers, (std::vector<unsigned>{1, 1, 3}));
  EXPECT_EQ(config.lcores.main, 4U);
  EXPECT_EQ(config.lcores.idle, Idle::kBusy);
  EXPECT_EQ(config.lcores.stall_ms, 700U);
  EXPECT_EQ(config.rings.ingest_cells, 1024U);
  EXPECT_EQ(config.rings.ingest_soft_mark_cells, 128U);
  EXPECT_EQ(config.rings.worker_cells, 256U);
  EXPECT_EQ(config.rings.burst, 32U);
  EXPECT_EQ(config.limits.max_frame_bytes, 9000U);
  EXPECT_EQ(config.limits.max_topic_bytes, 64U);
  EXPECT_EQ(config.limits.max_routes, 2U);
  EXPECT_EQ(config.shutdown.drain_timeout_ms, 1500U);
  EXPECT_EQ(config.log.level, LogLevel::kDebug);
  EXPECT_EQ(config.log.file, "/tmp/e.log");
  EXPECT_EQ(config.control.socket, "/tmp/e.sock");
  ASSERT_EQ(config.routes.size(), 2U);
  EXPECT_EQ(config.routes[0].topic, "sensor/7/temp");
  EXPECT_EQ(config.routes[0].handler, "count");
  EXPECT_EQ(config.routes[0].spread, Spread::kWorker);
  EXPECT_EQ(config.routes[0].worker, 2U);
  EXPECT_EQ(config.routes[0].priority, 0);
  EXPECT_EQ(config.routes[0].on_full, OnFull::kDeadLetter);
  EXPECT_EQ(config.routes[0].retries, 15);
  EXPECT_EQ(config.routes[0].dedup, (DedupConfig{DedupKind::kPayloadId, 8, 16}));
  // Sorted by address, with IPv4 addresses in their IPv6-mapped form.
  EXPECT_EQ(texts(config.routes[0].publishers),
            (Texts{"10.0.0.0/8", "10.0.0.1/32", "2001:db8::/32"}));
  EXPECT_EQ(config.routes[1].topic, "ünï/+/#");
  EXPECT_EQ(config.routes[1].spread, Spread::kByProducer);
  EXPECT_EQ(config.routes[1].dedup, (DedupConfig{DedupKind::kContent, 0, 0}));
  EXPECT_EQ(config.routing.unknown_topic, UnknownTopic::kRoute);
  ASSERT_TRUE(config.routing.default_route);
  EXPECT_EQ(config.routing.default_route->handler, "null");
  EXPECT_EQ(config.routing.default_route->priority, 1);
  EXPECT_EQ(config.routing.default_route->topic, "");
  ASSERT_EQ(config.producers.size(), 2U);
  EXPECT_EQ(config.producers[0].id, 7U);
  EXPECT_EQ(texts(config.producers[0].sources), Texts{"::1/128"});
  EXPECT_EQ(config.producers[1].id, UINT64_MAX);
  EXPECT_EQ(texts(config.producers[1].sources), (Texts{"::/0", "10.0.0.0/8"}));
  ASSERT_EQ(config.warnings.size(), 1U);
  EXPECT_EQ(config.warnings[0].where, "t.toml:58:11");  // warns that dead letters are not kept
}

TEST(Load, KnowsWhereEachKeyStands) {
  const Config config = loaded(kFull, {.set = {"log.level=warn"}, .eal_args = {}});
  EXPECT_EQ(config.where("instance"), "t.toml:1:12");
  EXPECT_EQ(config.where("port[0].device"), "t.toml:8:10");
  EXPECT_EQ(config.where("port[1].mtu"), "t.toml:19:1");  // not set: its table
  EXPECT_EQ(config.where("lcores.rx[1]"), "t.toml:23:10");
  EXPECT_EQ(config.where("lcores.rx[9]"), "t.toml:23:6");  // no such entry: the key
  EXPECT_EQ(config.where("log.level"), "--set log.level=warn");
  EXPECT_EQ(config.where("nothing"), "t.toml");
}

TEST(Load, DefaultsTheRest) {
  const Config config = loaded(kMinimal);
  EXPECT_EQ(config.instance, "escd");
  EXPECT_EQ(config.ports[0].checksum, Checksum::kVerify);
  EXPECT_EQ(config.lcores.idle, Idle::kAdaptive);
  EXPECT_EQ(config.lcores.main, std::nullopt);
  EXPECT_EQ(config.routes[0].spread, Spread::kByTopic);
  EXPECT_EQ(config.routes[0].priority, std::nullopt);
  EXPECT_EQ(config.routes[0].on_full, OnFull::kHold);
  EXPECT_EQ(config.routes[0].retries, 0);
  EXPECT_EQ(config.routes[0].dedup, DedupConfig{});
  EXPECT_TRUE(config.routes[0].publishers.empty());
  EXPECT_EQ(config.routing.unknown_topic, UnknownTopic::kDeadLetter);
  EXPECT_EQ(config.routing.default_route, std::nullopt);
  EXPECT_TRUE(config.producers.empty());
  EXPECT_TRUE(config.ports[0].lossless());
}

TEST(Load, WarnsWithoutRoutes) {
  const std::string text(kMinimal.substr(0, kMinimal.find("[[route]]")));
  const Config config = loaded(text);
  ASSERT_EQ(config.warnings.size(), 1U);
  EXPECT_EQ(topology::to_text(config.warnings[0]),
            "t.toml: there is no [[route]]: every event is of an unknown topic; add a "
            "[[route]] with a topic and a handler");
}

TEST(Load, WarnsOfAKeyWithoutEffectAndOfALikelySlip) {
  const Config config = with_set(
      {"lcores.idle=busy", "lcores.sleep_max_us=50", "port[0].device=net_pcpa0,rx_pcap=t.pcap"});
  ASSERT_EQ(config.warnings.size(), 2U);
  EXPECT_EQ(topology::to_text(config.warnings[0]),
            "--set port[0].device=net_pcpa0,rx_pcap=t.pcap: the driver 'net_pcpa' is not known; "
            "did you mean 'net_pcap'?");
  EXPECT_EQ(topology::to_text(config.warnings[1]),
            "--set lcores.sleep_max_us=50: 'sleep_max_us' has no effect; it needs idle = "
            "\"adaptive\"");
}

TEST(Load, WarnsWhereAFileAsksForDeadLetters) {
  const auto warnings_of = [](std::string_view lines) {
    Texts texts;
    for (const Problem& warning : loaded(std::string(kMinimal) + std::string(lines)).warnings) {
      texts.push_back(topology::to_text(warning));
    }
    return texts;
  };
  const auto text_of = [](const std::string& what, const std::string& reason) {
    return what + " keeps nothing: such events are dropped as '" + reason +
           "'; name a dead_letters.directory";
  };
  const std::string on_full = "on_full = \"dead-letter\"";
  EXPECT_EQ(warnings_of(""), Texts{});  // unknown topics go that way by default
  EXPECT_EQ(warnings_of("on_full = \"hold\"\n[routing]\nunknown_topic = \"drop\"\n"), Texts{});
  EXPECT_EQ(warnings_of(on_full + "\n"), Texts{text_of("t.toml:11:11: " + on_full, "worker_full")});
  EXPECT_EQ(
      warnings_of("[[route]]\ntopic = \"b\"\nhandler = \"null\"\n" + on_full +
                  "\n[[route]]\ntopic = \"c\"\nhandler = \"null\"\n" + on_full + "\n"),
      Texts{text_of("t.toml:14:11: " + on_full + " (here and in 1 more routes)", "worker_full")});
  EXPECT_EQ(warnings_of("[routing]\nunknown_topic = \"dead-letter\"\n"),
            Texts{text_of("t.toml:12:17: unknown_topic = \"dead-letter\"", "unknown_topic")});
  EXPECT_EQ(warnings_of(on_full + "\n[dead_letters]\ndirectory = \"letters\"\n"), Texts{});
  const std::string keep_shed = "[pressure]\nkeep_shed = \"critical\"\n";
  EXPECT_EQ(warnings_of(keep_shed),
            Texts{"t.toml:12:13: 'keep_shed' keeps nothing: what is shed is "
                  "dropped; name a dead_letters.directory"});
  EXPECT_EQ(warnings_of(keep_shed + "[dead_letters]\ndirectory = \"letters\"\n"), Texts{});
  EXPECT_EQ(warnings_of("[pressure]\nkeep_shed = \"never\"\n"), Texts{});
  EXPECT_EQ(warnings_of("[routing]\nunknown_topic = \"route\"\n[default_route]\n"
                        "handler = \"null\"\n" +
                        on_full + "\n"),
            Texts{text_of("t.toml:15:11: " + on_full, "worker_full")});
}

TEST(Load, BringsTheDefaultMarkDownWithTheRing) {
  EXPECT_EQ(with_set({"rings.ingest_cells=64"}).rings.ingest_soft_mark_cells, 64U);
}

TEST(Load, SizesRingsByWhetherAllRolesShareACpu) {
  const auto cells = [](std::vector<std::string> set) {
    const RingsConfig rings = with_set(std::move(set)).rings;
    return std::pair(rings.ingest_cells, rings.worker_cells);
  };
  EXPECT_EQ(cells({}), std::pair(1'024U, 1'024U));
  EXPECT_EQ(cells({"lcores.workers=[0,0]"}), std::pair(1'024U, 1'024U));
  EXPECT_EQ(cells({"lcores.workers=[0,1]"}), std::pair(65'536U, 16'384U));
  EXPECT_EQ(cells({"lcores.rx=[1]"}), std::pair(65'536U, 16'384U));
  EXPECT_EQ(cells({"lcores.dispatch=1"}), std::pair(65'536U, 16'384U));
  EXPECT_EQ(cells({"rings.ingest_cells=128"}), std::pair(128U, 1'024U));
  EXPECT_EQ(cells({"lcores.rx=[1]", "rings.worker_cells=64"}), std::pair(65'536U, 64U));
}

TEST(LoadFile, ReadsAndNamesTheFile) {
  const Tree tree;
  const auto file = tree.write("good.toml", kMinimal);
  EXPECT_TRUE(std::holds_alternative<Config>(load(file, {}, kHandlers)));

  const auto bad = tree.write("bad\x1b[31m.toml", "x = 1\n");
  const LoadResult result = load(bad, {}, kHandlers);
  ASSERT_TRUE(std::holds_alternative<std::vector<Problem>>(result));
  EXPECT_EQ(std::get<std::vector<Problem>>(result)[0].where,
            tree.path().string() + "/bad\\x1b[31m.toml:1:1");
}

TEST(LoadFile, SaysWhyItCannotRead) {
  const Tree tree;
  const auto text_of = [](const std::filesystem::path& path) {
    const LoadResult result = load(path, {}, kHandlers);
    const auto* found = std::get_if<std::vector<Problem>>(&result);
    return found != nullptr && found->size() == 1 ? topology::to_text(found->front()) : "";
  };
  const std::string root = tree.path().string();
  EXPECT_EQ(text_of(tree.path() / "none.toml"),
            root +
                "/none.toml: cannot read the configuration: No such file or directory; check "
                "the path and the working directory");
  EXPECT_EQ(text_of(tree.path()),
            root + ": cannot read the configuration: it is a directory; name a regular file");
}

TEST(LoadFile, ReadsRegularFilesOnlyAndWithinBounds) {
  const Tree tree;
  const std::string fifo = tree.path().string() + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const auto text_of = [](const std::filesystem::path& path) {
    const LoadResult result = load(path, {}, kHandlers);
    const auto* found = std::get_if<std::vector<Problem>>(&result);
    return found != nullptr && found->size() == 1 ? topology::to_text(found->front()) : "";
  };
  EXPECT_EQ(text_of(fifo),
            fifo + ": cannot read the configuration: it is a FIFO; name a regular file");
  EXPECT_EQ(text_of("/dev/zero"),
            "/dev/zero: cannot read the configuration: it is a character device; name a regular "
            "file");
  const auto large = tree.write("large.toml", "");
  std::filesystem::resize_file(large, (std::uintmax_t{128} << 20) + 1);
  EXPECT_NE(text_of(large).find("it has more than 134217728 bytes"), std::string::npos);
}

TEST(LoadFile, SaysThatReadingFailed) {
  // A regular file whose first byte cannot be read: nothing is mapped at address 0.
  const Tree tree;
  tree.link("broken.toml", "/proc/self/mem");
  const LoadResult result = load(tree.path() / "broken.toml", {}, kHandlers);
  ASSERT_TRUE(std::holds_alternative<std::vector<Problem>>(result));
  EXPECT_EQ(topology::to_text(std::get<std::vector<Problem>>(result)[0]),
            tree.path().string() +
                "/broken.toml: cannot read the configuration: Input/output error; check the disk "
                "that it is on");
}

TEST(LoadFile, SaysThatPermissionIsMissing) {
  const Tree tree;
  const auto file = tree.write("secret.toml", kMinimal);
  ASSERT_EQ(chmod(file.c_str(), 0), 0);
  // Root may read everything, so read as another user.
  constexpr uid_t kNobody = 65'534;
  const bool was_root = geteuid() == 0;
  if (was_root) {
    ASSERT_EQ(seteuid(kNobody), 0);
  }
  const LoadResult result = load(file, {}, kHandlers);
  if (was_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  ASSERT_TRUE(std::holds_alternative<std::vector<Problem>>(result));
  EXPECT_EQ(topology::to_text(std::get<std::vector<Problem>>(result)[0]),
            file.string() +
                ": cannot read the configuration: Permission denied; check its permissions and "
                "your user");
}

}  // namespace
}  // namespace esc::config
