// SPDX-License-Identifier: BSD-3-Clause
#include "config/eal_args.hpp"

#include "support.hpp"

namespace esc::config {
namespace {

using namespace test;

std::string fix_of(const std::vector<std::string>& args) {
  const auto found = check_eal_args(args);
  return found.size() == 1 ? found[0].fix : std::to_string(found.size()) + " problems";
}

TEST(EalArgs, CoreOptionsAreThePlans) {
  const std::string fix = "escd makes the core options from [lcores]";
  for (const auto& args : std::vector<std::vector<std::string>>{{"-l", "0-3"},
                                                                {"-l0-3"},
                                                                {"-c", "0x3"},
                                                                {"-c3"},
                                                                {"-s", "0x1"},
                                                                {"-S", "1"},
                                                                {"--lcores=0@0"},
                                                                {"--lcores", "0@0"},
                                                                {"--lcor=0"},
                                                                {"--main-lcore", "1"},
                                                                {"--main=1"},
                                                                {"--master-lcore=1"}}) {
    EXPECT_EQ(fix_of(args), fix) << args[0];
  }
}

TEST(EalArgs, OthersNameTheirKey) {
  EXPECT_EQ(fix_of({"--file-prefix", "x"}), "it is made from 'instance'");
  EXPECT_EQ(fix_of({"--file=x"}), "it is made from 'instance'");
  EXPECT_EQ(fix_of({"--proc-type=auto"}), "escd is always a primary process");
  EXPECT_EQ(fix_of({"--no-huge"}), "use memory.hugepages instead");
  EXPECT_EQ(fix_of({"--in-memory"}), "use memory.hugepages instead");
  EXPECT_EQ(fix_of({"--no-shconf"}), "use memory.hugepages instead");
  EXPECT_EQ(fix_of({"--huge-unlink=never"}), "use memory.hugepages instead");
  EXPECT_EQ(fix_of({"-m", "512"}), "use memory.limit_mib instead");
  EXPECT_EQ(fix_of({"-m512"}), "use memory.limit_mib instead");
  EXPECT_EQ(fix_of({"--socket-mem=1,1"}), "use memory.limit_mib instead");
  EXPECT_EQ(fix_of({"--vdev=net_null0"}), "use a [[port]] with that device instead");
  EXPECT_EQ(fix_of({"--vdev", "net_null0"}), "use a [[port]] with that device instead");
  EXPECT_EQ(fix_of({"-h"}), "run escd --help");
}

TEST(EalArgs, TheRestPasses) {
  EXPECT_TRUE(check_eal_args(Texts{"--no-pci", "--log-level", "lib.eal:8", "--log-level=3", "-a",
                                   "0000:01:00.0", "-b", "0000:02:00.0", "--allow=01:00.0",
                                   "--iova-mode=va", "--no-telemetry", "-n", "4", "-v",
                                   "--huge-dir=/x", "--no-hpet", "--legacy-mem",
                                   "--single-file-segments", "--socket-limit=512"})
                  .empty());
}

TEST(EalArgs, WhatEalDoesNotKnow) {
  for (const char* arg : {"--nonsense", "--nonsense=1", "--log-levels=3", "-x", "-q1"}) {
    EXPECT_EQ(fix_of({arg}), "correct it; DPDK's Getting Started Guide lists EAL's options") << arg;
  }
  EXPECT_TRUE(check_eal_args(Texts{"--log=3", "--vfio-i", "intx", "-d", "librte_x.so"}).empty());
}

TEST(EalArgs, WhatIsNoOption) {
  EXPECT_EQ(fix_of({"--no-pci=1", "word"}), "write options and their values as separate strings");
  EXPECT_EQ(fix_of({"word"}), "write options and their values as separate strings");
  EXPECT_EQ(fix_of({"--"}), "remove it");
}

TEST(EalArgs, AreReportedWithTheirPlace) {
  EXPECT_EQ(problems("[eal]\nargs = [\"--no-pci\", \"-l\", \"0\"]\n" + std::string(kMinimal),
                     {.set = {}, .eal_args = {"--no-telemetry", "--vdev=net_null0"}}),
            (Texts{"t.toml:2:21: EAL argument '-l' is not taken here; escd makes the core options "
                   "from [lcores]",
                   "argument 2 after --: EAL argument '--vdev=net_null0' is not taken here; use a "
                   "[[port]] with that device instead"}));
}

}  // namespace
}  // namespace esc::config
