// SPDX-License-Identifier: BSD-3-Clause
// Every mistake once, with its exact text.
#include "support.hpp"

namespace esc::config {
namespace {

using namespace test;

// kMinimal with one line after the one that begins with `after`.
std::string with_line(std::string_view after, std::string_view line) {
  std::string text(kMinimal);
  const std::size_t at = text.find('\n', text.find(after)) + 1;
  return text.insert(at, std::string(line) + "\n");
}

TEST(Unknown, KeyWithASuggestion) {
  EXPECT_EQ(problems(with_line("[lcores]", "x = 1")),
            Texts{"t.toml:5:1: unknown key 'x' in [lcores]; did you mean 'rx'?"});
  EXPECT_EQ(problems(with_line("[lcores]", "  diaptch = 1")),
            Texts{"t.toml:5:3: unknown key 'diaptch' in [lcores]; did you mean 'dispatch'?"});
}

TEST(Unknown, KeyOfAnotherTable) {
  EXPECT_EQ(problems(with_line("[lcores]", "burst = 64")),
            Texts{"t.toml:5:1: unknown key 'burst' in [lcores]; it belongs to [rings]"});
}

TEST(Unknown, KeyWithNothingNear) {
  EXPECT_EQ(problems(with_line("topic", "colour = 1")),
            Texts{"t.toml:10:1: unknown key 'colour' in [[route]]; known here: topic, handler, "
                  "spread, worker, priority, on_full, retries, dedup, dedup_offset, dedup_bytes, "
                  "publishers"});
}

TEST(Unknown, TopLevelKeyAndTable) {
  EXPECT_EQ(problems("instanz = \"a\"\n" + std::string(kMinimal)),
            Texts{"t.toml:1:1: unknown key 'instanz' at the top level; did you mean 'instance'?"});
  EXPECT_EQ(problems(std::string(kMinimal) + "[shutdwn]\n"),
            Texts{"t.toml:11:2: unknown table [shutdwn]; did you mean 'shutdown'?"});
}

TEST(Unknown, HostileKeyIsEscaped) {
  EXPECT_EQ(problems("\"a\\u001b[2J\\u202e\" = 1\n" + std::string(kMinimal)),
            Texts{"t.toml:1:1: unknown key 'a\\x1b[2J\\u{202e}' at the top level; known here: "
                  "instance, eal, memory, port, tcp, connections, lcores, rings, deduplication, "
                  "limits, pressure, "
                  "dead_letters, replay, shutdown, "
                  "log, control, health, "
                  "routing, default_route, route, producer"});
}

TEST(Syntax, IsReportedWithItsPlace) {
  const Texts found = problems("instance = \"a\nx = 1\n");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].substr(0, 29), "t.toml:1:14: not valid TOML: ");
  EXPECT_EQ(found[0].find('\n'), std::string::npos);
}

TEST(Syntax, InvalidUtf8IsRefused) {
  const Texts found = problems("instance = \"\xff\"\n");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].substr(0, 7), "t.toml:");
}

TEST(Collect, AllProblemsAtOnce) {
  EXPECT_EQ(problems(""),
            (Texts{"t.toml: there is no [[port]] and no [[tcp]]; add a [[port]] with a device and "
                   "its udp_ports, or a [[tcp]] with an address to listen on",
                   "t.toml: 'dispatch' is missing in [lcores]; add for example: dispatch = 1",
                   "t.toml: 'workers' is missing in [lcores]; add for example: workers = [1, 1]"}));
  EXPECT_EQ(
      problems("[[port]]\n[lcores]\n[[route]]\nspread = 5\n"),
      (Texts{"t.toml:1:1: 'device' is missing in [[port]]; add for example: device = "
             "\"net_pcap0,rx_pcap=trace.pcap\"",
             "t.toml:1:1: 'udp_ports' is missing in [[port]]; add for example: udp_ports = "
             "[9001]",
             "t.toml:2:1: 'dispatch' is missing in [lcores]; add for example: dispatch = 1",
             "t.toml:2:1: 'workers' is missing in [lcores]; add for example: workers = [1, "
             "1]",
             "t.toml:2:1: 'rx' is missing in [lcores]: it names the CPUs that poll the ports; "
             "add for example: rx = [0]",
             "t.toml:3:1: 'topic' is missing in [[route]]; add for example: topic = "
             "\"sensor/+/temp\"",
             "t.toml:3:1: 'handler' is missing in [[route]]; add for example: handler = "
             "\"count\"",
             "t.toml:4:10: 'spread' must be a string, not an integer; write for example: "
             "spread = \"round-robin\""}));
}

TEST(Types, AreNamed) {
  EXPECT_EQ(problems(with_line("workers", "main = \"0\"")),
            Texts{"t.toml:8:8: 'main' must be an integer, not a string; write for example: main = "
                  "0"});
  EXPECT_EQ(problems(with_line("workers", "main = 0.5")),
            Texts{"t.toml:8:8: 'main' must be an integer, not a float; write for example: main = "
                  "0"});
  EXPECT_EQ(problems(with_line("udp", "promiscuous = 1")),
            Texts{"t.toml:4:15: 'promiscuous' must be true or false, not an integer; write for "
                  "example: promiscuous = false"});
  EXPECT_EQ(problems(with_line("udp", "lossless = 1")),
            Texts{"t.toml:4:12: 'lossless' must be a string, or true or false, not an integer; "
                  "write for example: lossless = true"});
  EXPECT_EQ(set_problems({"lcores.rx=0.5"}),
            Texts{"--set lcores.rx=0.5: 'rx' must be an array of integers, not a float; write for "
                  "example: rx = [0]"});
  EXPECT_EQ(set_problems({"lcores.rx=0"}), Texts{});  // a list of one
  EXPECT_EQ(set_problems({"lcores.rx=-1"}).size(), 1U);
  EXPECT_EQ(set_problems({"lcores.rx=[0,\"1\"]"}),
            Texts{"--set lcores.rx=[0,\"1\"]: 'rx' must be an array of integers, not an array; "
                  "write for example: rx = [0]"});
  EXPECT_EQ(set_problems({"instance=2026-01-01"}),
            Texts{"--set instance=2026-01-01: 'instance' must be a string, not a date or time; "
                  "write for example: instance = \"demo\""});
}

TEST(Types, OfTables) {
  EXPECT_EQ(problems("log = 1\n" + std::string(kMinimal)),
            Texts{"t.toml:1:7: 'log' must be a table, not an integer; write [log] once"});
  EXPECT_EQ(problems("[port]\n[lcores]\nrx=[0]\ndispatch=0\nworkers=[0]\n")[0],
            "t.toml:1:1: 'port' must be an array of tables, not a table; write [[port]] for each");
}

// Rules of a later section look at the table again.
TEST(Types, ATableThatIsNoneIsReportedOnce) {
  std::string text(kMinimal);
  text.erase(text.find("[lcores]"), text.find("[[route]]") - text.find("[lcores]"));
  const Texts found = problems("lcores = 1\n" + text);
  EXPECT_EQ(found[0], "t.toml:1:10: 'lcores' must be a table, not an integer; write [lcores] once");
  EXPECT_EQ(found.size(), 4U);  // and three keys are missing
}

TEST(Choices, AreListed) {
  EXPECT_EQ(problems(with_line("udp", "checksum = \"fast\"")),
            Texts{"t.toml:4:12: 'checksum' is 'fast'; use one of \"verify\", \"nic\", \"off\""});
  EXPECT_EQ(problems(with_line("workers", "idle = \"Busy\"")),
            Texts{"t.toml:8:8: 'idle' is 'Busy'; use one of \"busy\", \"adaptive\""});
}

TEST(Restamp, IsForTracesWithoutEnd) {
  const auto with_device = [](const std::string& device) {
    return set_problems({"port[0].device=\"" + device + "\"", "port[0].restamp=sessions"});
  };
  EXPECT_EQ(with_device("net_pcap0,rx_pcap=t.pcap,infinite_rx=1"), Texts{});
  for (const char* device :
       {"net_null0", "net_pcap0,rx_pcap=t.pcap", "net_pcap0,rx_pcap=t.pcap,infinite_rx=0",
        "net_pcap0,iface=lo,infinite_rx=1", "0000:01:00.0"}) {
    const std::string name = std::string(device).substr(0, std::string(device).find(','));
    EXPECT_EQ(
        with_device(device),
        Texts{"--set port[0].restamp=sessions: 'restamp' is for a trace without end, which '" +
              name +
              "' is not; leave it out, or play a trace with net_pcap, rx_pcap=FILE and "
              "infinite_rx=1"});
  }
  EXPECT_EQ(set_problems({"port[0].restamp=on"}),
            Texts{"--set port[0].restamp=on: 'restamp' is 'on'; use one of \"off\", \"sessions\", "
                  "\"payload-ids\"; other than `off` only with `net_pcap` and `infinite_rx=1`"});
}

TEST(Instance, IsALabel) {
  EXPECT_EQ(problems("instance = \"a/b\"\n" + std::string(kMinimal)),
            Texts{"t.toml:1:12: 'instance' is 'a/b'; use letters, digits, '_' and '-' only: it "
                  "names files and a socket"});
  EXPECT_EQ(set_problems({"instance=\"\""}),
            Texts{"--set instance=\"\": 'instance' has 0 bytes; give 1 to 32 bytes"});
}

TEST(Strings, HoldNoControlCharacters) {
  EXPECT_EQ(set_problems({R"(log.file="a\nb")"}),
            Texts{R"(--set log.file="a\nb": 'file' holds a control character: 'a\nb'; remove it)"});
  EXPECT_EQ(set_problems({R"(route[0].topic="a\u0085b")"}),
            Texts{R"(--set route[0].topic="a\u0085b": 'topic' holds a control character: )"
                  R"('a\u{0085}b'; remove it)"});
}

TEST(Port, Device) {
  EXPECT_EQ(set_problems({"port[0].device=eth0"}),
            Texts{"--set port[0].device=eth0: device 'eth0' is neither a PCI address nor the name "
                  "of a virtual device; write one such as 0000:01:00.0, net_pcap0,rx_pcap=FILE or "
                  "net_af_packet0,iface=eth0"});
  for (const char* bad : {"net_", "net_0", "0000:01:00.8", "01:00", "net_ pcap0", "xnet_pcap0",
                          "00000000f:01:00.0", "0:01:00.0"}) {
    EXPECT_EQ(set_problems({"port[0].device=\"" + std::string(bad) + "\""}).size(), 1U) << bad;
  }
}

TEST(Port, DeviceTwice) {
  EXPECT_EQ(problems(std::string(kMinimal) +
                     "[[port]]\ndevice = \"net_null0,size=64\"\nudp_ports = [1]\nname = \"b\"\n"),
            Texts{"t.toml:12:10: device 'net_null0' stands already at t.toml:2:10; give each "
                  "[[port]] its own device"});
  EXPECT_EQ(problems(std::string(kMinimal) +
                         "[[port]]\ndevice = \"0000:0A:00.1\"\nudp_ports = [1]\nname = \"b\"\n",
                     {.set = {"port[0].device=0a:00.1"}, .eal_args = {}}),
            Texts{"t.toml:12:10: device '0000:0a:00.1' stands already at --set "
                  "port[0].device=0a:00.1; give each [[port]] its own device"});
}

TEST(Port, NameTwiceOrBad) {
  EXPECT_EQ(problems(std::string(kMinimal) +
                     "[[port]]\ndevice = \"net_null1\"\nname = \"net_null0\"\nudp_ports = [1]\n"),
            Texts{"t.toml:13:8: port name 'net_null0' stands already at t.toml:1:1; give each "
                  "[[port]] its own name"});
  EXPECT_EQ(set_problems({"port[0].name=\"jumbo\""}),
            Texts{"--set port[0].name=\"jumbo\": the name 'jumbo' is taken: the ledger calls its "
                  "own pool so; give the port another name"});
  EXPECT_EQ(set_problems({"port[0].name=\"a b\""}),
            Texts{"--set port[0].name=\"a b\": 'name' is 'a b'; use letters, digits, '_', '-', '.' "
                  "and ':' only"});
}

TEST(Port, UdpPorts) {
  EXPECT_EQ(set_problems({"port[0].udp_ports=[1,2,1]"}),
            Texts{"--set port[0].udp_ports=[1,2,1]: 'udp_ports' lists 1 twice; remove one"});
  EXPECT_EQ(set_problems({"port[0].udp_ports=[]"}),
            Texts{"--set port[0].udp_ports=[]: 'udp_ports' has 0 entries; give 1 to 64"});
  EXPECT_EQ(set_problems({"port[0].udp_ports=[1,65536]"}),
            Texts{"--set port[0].udp_ports=[1,65536]: 'udp_ports[1]' is 65536; give 1 to 65535"});
}

TEST(Port, TooMany) {
  std::string text(kMinimal);
  for (int i = 1; i <= 32; ++i) {
    text += "[[port]]\ndevice = \"net_null" + std::to_string(i) + "\"\nudp_ports = [1]\n";
  }
  EXPECT_EQ(problems(text), Texts{"t.toml:104:1: there are 33 [[port]]; have at most 32"});
}

TEST(Port, PciWithoutTheBus) {
  EXPECT_EQ(problems(kMinimal, {.set = {"port[0].device=01:00.0"}, .eal_args = {"--no-pci"}}),
            Texts{"--set port[0].device=01:00.0: device '0000:01:00.0' is on the PCI bus, which "
                  "eal.args switches off with --no-pci; remove --no-pci"});
}

TEST(Lcores, RxTwice) {
  EXPECT_EQ(set_problems({"lcores.rx=[0,0]", "port[0].rx_queues=2"}),
            Texts{"--set lcores.rx=[0,0]: 'rx' lists CPU 0 twice; remove one: a single RX lcore "
                  "polls any number of queues"});
}

TEST(Rings, MarkBeyondTheRing) {
  EXPECT_EQ(set_problems({"rings.ingest_cells=64", "rings.ingest_soft_mark_cells=65"}),
            Texts{"--set rings.ingest_soft_mark_cells=65: 'ingest_soft_mark_cells' is 65, beyond "
                  "ingest_cells = 64; give at most ingest_cells"});
}

TEST(Route, TopicRules) {
  EXPECT_EQ(set_problems({"route[0].topic=$esc/x"}),
            Texts{"--set route[0].topic=$esc/x: topic '$esc/x' is reserved; topics under $esc/ are "
                  "the protocol's own; choose another"});
  EXPECT_EQ(set_problems({"route[0].topic=\"\""}),
            Texts{"--set route[0].topic=\"\": 'topic' has 0 bytes; give 1 to 255 bytes"});
  EXPECT_EQ(set_problems({"limits.max_topic_bytes=12", "route[0].topic=abcdefghijklm"}),
            Texts{"--set route[0].topic=abcdefghijklm: topic 'abcdefghijklm' has 13 bytes; "
                  "limits.max_topic_bytes allows 12"});
  EXPECT_EQ(set_problems({"limits.max_topic_bytes=12", "route[0].topic=abcdefghijkl"}), Texts{});
  EXPECT_EQ(set_problems({"route[0].topic=$esc"}), Texts{});
}

TEST(Route, TopicTwice) {
  EXPECT_EQ(problems(std::string(kMinimal) + "[[route]]\ntopic = \"a\"\nhandler = \"null\"\n"),
            Texts{"t.toml:12:9: topic 'a' has a route already, at t.toml:9:9; remove one of the "
                  "two"});
}

TEST(Route, Handler) {
  EXPECT_EQ(set_problems({"route[0].handler=cuont"}),
            Texts{"--set route[0].handler=cuont: unknown handler 'cuont'; did you mean 'count'?"});
  EXPECT_EQ(set_problems({"route[0].handler=kafka"}),
            Texts{"--set route[0].handler=kafka: unknown handler 'kafka'; there are: count, null, "
                  "fail"});
}

TEST(Route, Worker) {
  EXPECT_EQ(problems(with_line("handler", "spread = \"worker\"")),
            Texts{"t.toml:11:10: spread = \"worker\" names no worker; add for example: worker = "
                  "0"});
  EXPECT_EQ(problems(with_line("handler", "worker = 0")),
            Texts{"t.toml:11:10: 'worker' has no effect with this 'spread'; remove it, or write "
                  "spread = \"worker\""});
  EXPECT_EQ(problems(with_line("handler", "worker = 1\nspread = \"worker\"")),
            Texts{"t.toml:11:10: there is no worker 1; lcores.workers has 1, counted from 0"});
  EXPECT_EQ(problems(with_line("handler", "worker = 0\nspread = \"worker\"")), Texts{});
}

TEST(Route, TooMany) {
  EXPECT_EQ(problems(std::string(kMinimal) + "[[route]]\ntopic = \"b\"\nhandler = \"null\"\n",
                     {.set = {"limits.max_routes=1"}, .eal_args = {}}),
            Texts{"t.toml:11:1: there are 2 [[route]], limits.max_routes is 1; raise "
                  "limits.max_routes or remove some"});
}

}  // namespace
}  // namespace esc::config
