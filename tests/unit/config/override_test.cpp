// SPDX-License-Identifier: BSD-3-Clause
// What the command line changes in the file's configuration: --set, and arguments after "--".
#include "support.hpp"

namespace esc::config {
namespace {

using namespace test;

TEST(Override, ReplacesAndAdds) {
  const Config config =
      with_set({"instance=other", "lcores.rx=[3]", "rings.burst=32", "port[0].udp_ports=[7,8]",
                "port[1].device=net_memif0,role=server", "port[1].udp_ports=[9]",
                "log.file=\"a b.log\"", "port[0].lossless=false"});
  EXPECT_EQ(config.instance, "other");
  EXPECT_EQ(config.lcores.rx, std::vector<unsigned>{3});
  EXPECT_EQ(config.rings.burst, 32U);
  ASSERT_EQ(config.ports.size(), 2U);
  EXPECT_EQ(config.ports[0].udp_ports, (std::vector<std::uint16_t>{7, 8}));
  EXPECT_EQ(config.ports[0].lossless_setting, Lossless::kNo);
  EXPECT_EQ(config.ports[1].device.spec, "net_memif0,role=server");
  EXPECT_EQ(config.log.file, "a b.log");
}

TEST(Override, TheLastOneWins) {
  EXPECT_EQ(with_set({"rings.burst=32", "rings.burst=16"}).rings.burst, 16U);
}

TEST(Override, EalArgumentsAreAppended) {
  const Config config = loaded("[eal]\nargs = [\"--no-pci\"]\n" + std::string(kMinimal),
                               {.set = {}, .eal_args = {"-b", "0000:01:00.0"}});
  EXPECT_EQ(config.eal.args, (Texts{"--no-pci", "-b", "0000:01:00.0"}));
}

TEST(Override, BadOnesAreAllReported) {
  const std::string advice =
      "write for example --set lcores.idle=busy or --set port[0].rx_queues=2";
  EXPECT_EQ(
      set_problems({"lcores.idle", "=1", "a..b=1", "port[x].mtu=1", "port[0=1", "x\x1b=1"}),
      (Texts{"--set lcores.idle: is not key=value; set the whole array, for example --set "
             "lcores.rx=[0,1]",
             "--set =1: is not key=value; " + advice, "--set a..b=1: is not key=value; " + advice,
             "--set port[x].mtu=1: is not key=value; " + advice,
             "--set port[0=1: is not key=value; " + advice,
             "--set x\\x1b=1: is not key=value; " + advice}));
}

TEST(Override, OfAnElementOrAMissingTable) {
  EXPECT_EQ(set_problems({"lcores.rx[0]=1"}),
            Texts{"--set lcores.rx[0]=1: is not key=value; set the whole array, for example --set "
                  "lcores.rx=[0,1]"});
  EXPECT_EQ(set_problems({"port[2].mtu=1500"}),
            Texts{"--set port[2].mtu=1500: port[2] does not exist; the next new one is port[1]"});
  EXPECT_EQ(set_problems({"port.mtu=1500"}),
            Texts{"--set port.mtu=1500: port is not a table; an element of an array of tables is "
                  "named like port[0]"});
}

TEST(Override, ValueMustBeOneValue) {
  const std::string end =
      ": the value is not valid TOML; write a number, true, \"text\", a plain word or [1,2]; mind "
      "the shell's quotes";
  EXPECT_EQ(set_problems({"lcores.rx=[1"}), Texts{"--set lcores.rx=[1" + end});
  EXPECT_EQ(set_problems({"instance="}), Texts{"--set instance=" + end});
  EXPECT_EQ(set_problems({"instance=\"a\"\nw=1"}), Texts{"--set instance=\"a\"\\nw=1" + end});
}

TEST(Override, UnknownKeyNamesTheOption) {
  EXPECT_EQ(set_problems({"lcores.idel=busy"}),
            Texts{"--set lcores.idel=busy: unknown key 'idel' in [lcores]; did you mean 'idle'?"});
  EXPECT_EQ(set_problems({"sensors.a=1"}),
            Texts{"--set sensors.a=1: unknown table [sensors]; known here: instance, eal, memory, "
                  "port, tcp, connections, lcores, rings, deduplication, limits, pressure, "
                  "dead_letters, replay, "
                  "shutdown, log, control, health, routing, "
                  "default_route, "
                  "route, producer"});
}

}  // namespace
}  // namespace esc::config
