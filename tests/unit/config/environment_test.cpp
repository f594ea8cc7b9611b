// SPDX-License-Identifier: BSD-3-Clause
// check_devices and check_memory against a system tree built for each test.
#include "config/environment.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "base/file_descriptor.hpp"
#include "support.hpp"

namespace esc::config {
namespace {

using namespace test;
using namespace std::string_literals;
using namespace std::string_view_literals;

const topology::Topology kFourCpus{{{.id = 0, .node = 0, .core = 0, .allowed = true},
                                    {.id = 1, .node = 0, .core = 1, .allowed = true},
                                    {.id = 2, .node = 1, .core = 2, .allowed = true},
                                    {.id = 3, .node = 1, .core = 3, .allowed = true}}};

constexpr MemoryNeed kNeeded{.hugepage_bytes = 100U << 20U, .ordinary_bytes = 120U << 20U};

std::vector<Finding> look(const Config& config, const topology::SysRoot& root) {
  std::vector<Finding> found = check_devices(config, kFourCpus, root);
  for (Finding& finding : check_memory(config, root, kNeeded).findings) {
    found.push_back(std::move(finding));
  }
  return found;
}

/// A machine where nothing is wrong with kMinimal: hugepages are free, limits high, every right
/// there.
class Environment : public testing::Test {
 protected:
  Environment() {
    tree_.write(kPages, "4096\n");
    tree_.write("proc/self/status", "Name:\tx\nCapEff:\t000001ffffffffff\n");
    std::filesystem::create_directories(tree_.path() / "var/run");
    std::filesystem::create_directories(tree_.path() / "tmp");
    ::unsetenv("RUNTIME_DIRECTORY");
    ::unsetenv("XDG_RUNTIME_DIR");
    limit_locked("unlimited            unlimited");
  }

  void limit_locked(const std::string& limits) const {
    tree_.write("proc/self/limits", "Limit  Soft  Hard\nMax locked memory         " + limits +
                                        "            bytes     \n");
  }

  [[nodiscard]] Texts findings(std::vector<std::string> set) const {
    Texts texts;
    for (const Finding& finding : look(with_set(std::move(set)), tree_.sys_root())) {
      std::string text = to_text(finding);
      // The place is the --set of the test itself.
      const std::size_t cut =
          text.find(finding.severity == Severity::kWarning ? "warning: " : "error: ");
      texts.push_back(text.substr(cut));
    }
    return texts;
  }

  static constexpr const char* kPages = "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages";
  static constexpr const char* kPci = "sys/bus/pci/devices/0000:01:00.0/";
  Tree tree_;
};

TEST_F(Environment, NothingIsWrong) {
  EXPECT_EQ(findings({}), Texts{});
}

TEST_F(Environment, TextNamesPlaceAndSeverity) {
  EXPECT_EQ(to_text(Finding{Severity::kError, "a:1:2", "b", "c"}), "a:1:2: error: b; c");
  EXPECT_EQ(to_text(Finding{Severity::kWarning, "a", "b", "c"}), "a: warning: b; c");
}

TEST_F(Environment, PlanProblemsAreErrorsAndWarningsWarnings) {
  EXPECT_EQ(findings({"lcores.rx=[9]"}),
            Texts{"error: lcores.rx[0]: CPU 9 does not exist or is offline; online here: 0-3"});
  EXPECT_EQ(findings({"lcores.rx=[2]"}),
            Texts{"warning: lcores.rx[0]: CPU 2 is on NUMA node 1, the dispatcher on node 0: every "
                  "event crosses between them; choose among 0-1"});
}

TEST_F(Environment, FindingsPointIntoTheFile) {
  std::string text(kMinimal);
  text.replace(text.find("net_null0"), 9, "net_pcap0,rx_pcap=/none");
  const auto found = look(loaded(text), tree_.sys_root());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].where, "t.toml:2:10");
}

TEST_F(Environment, PcapNeedsASource) {
  EXPECT_EQ(findings({"port[0].device=net_pcap0,tx_pcap=x.pcap"}),
            Texts{"error: the device has no rx_pcap=FILE and no rx_iface_in=NAME; add one"});
}

TEST_F(Environment, Interfaces) {
  tree_.write("sys/class/net/eth7/flags", "0x1003\n");
  tree_.write("sys/class/net/eth8/flags", "0x1002\n");
  for (const std::string driver : {"net_af_packet0", "net_af_xdp0", "net_pcap0"}) {
    EXPECT_EQ(findings({"port[0].device=" + driver + ",iface=eth7"}), Texts{}) << driver;
    EXPECT_EQ(findings({"port[0].device=" + driver + ",iface=eth9"}),
              Texts{"error: there is no network interface 'eth9'; 'ip link' lists them"});
    // libpcap does not open an interface that is down; a packet socket waits for it to come up.
    EXPECT_EQ(findings({"port[0].device=" + driver + ",iface=eth8"}),
              Texts{driver == "net_pcap0"
                        ? "error: network interface 'eth8' is down; ip link set eth8 up"
                        : "warning: network interface 'eth8' is down, or has no carrier; ip link "
                          "set eth8 up, there and at its other end"});
  }
  EXPECT_EQ(findings({"port[0].device=net_af_packet0,iface=../net"}),
            Texts{"error: there is no network interface '../net'; 'ip link' lists them"});
  EXPECT_EQ(findings({"port[0].device=net_af_packet0"}),
            Texts{"error: the device has no iface=NAME; add one"});
}

TEST_F(Environment, Rights) {
  tree_.write("sys/class/net/eth7/flags", "0x1003\n");
  tree_.write("proc/self/status", "CapEff:\t0000000000001000\n");  // CAP_NET_ADMIN alone
  EXPECT_EQ(findings({"port[0].device=net_af_packet0,iface=eth7"}),
            Texts{"error: driver net_af_packet needs CAP_NET_RAW and CAP_NET_ADMIN; run as root or "
                  "grant the capabilities"});
  EXPECT_EQ(findings({"port[0].device=net_pcap0,iface=eth7"}),
            Texts{"error: capturing on an interface needs CAP_NET_RAW; run as root or grant the "
                  "capability"});
  tree_.write("proc/self/status", "CapEff:\t0000000000003000\n");
  EXPECT_EQ(findings({"port[0].device=net_af_packet0,iface=eth7"}), Texts{});
}

TEST_F(Environment, PciDeviceThatIsNotThere) {
  EXPECT_EQ(findings({"port[0].device=01:00.0"}),
            Texts{"error: there is no PCI device 0000:01:00.0; dpdk-devbind.py --status-dev net "
                  "lists them"});
  tree_.write(kPci + "class"s, "0x010802\n");
  EXPECT_EQ(findings({"port[0].device=01:00.0"}),
            Texts{"error: PCI device 0000:01:00.0 is not a network device; dpdk-devbind.py "
                  "--status-dev net lists them"});
}

TEST_F(Environment, PciDeviceOfTheKernel) {
  tree_.write(kPci + "class"s, "0x020000\n");
  EXPECT_EQ(findings({"port[0].device=01:00.0"}),
            Texts{"error: PCI device 0000:01:00.0 is bound to no driver; "
                  "deploy/bind-port 0000:01:00.0"});
  tree_.link(kPci + "driver"s, "../../drivers/e1000e");
  tree_.write(kPci + "net/eth3/flags"s, "0x1002\n");
  EXPECT_EQ(findings({"port[0].device=01:00.0"}),
            Texts{"error: PCI device 0000:01:00.0 is bound to kernel driver 'e1000e'; "
                  "deploy/bind-port 0000:01:00.0"});
  tree_.write(kPci + "net/eth3/flags"s, "0x1003\n");
  EXPECT_EQ(
      findings({"port[0].device=01:00.0"}),
      Texts{"error: PCI device 0000:01:00.0 carries the kernel interface 'eth3', which is up; "
            "if nothing needs it: deploy/bind-port 0000:01:00.0"});
}

TEST_F(Environment, PciDeviceThatIsReady) {
  tree_.write(kPci + "class"s, "0x020000\n");
  tree_.link(kPci + "driver"s, "../../drivers/mlx5_core");
  EXPECT_EQ(findings({"port[0].device=01:00.0"}), Texts{});
  std::filesystem::remove(tree_.path() / kPci / "driver");
  tree_.link(kPci + "driver"s, "../../drivers/igb_uio");
  EXPECT_EQ(findings({"port[0].device=01:00.0"}), Texts{});
}

TEST_F(Environment, PciDeviceUnderVfio) {
  tree_.write(kPci + "class"s, "0x020000\n");
  tree_.link(kPci + "driver"s, "../../drivers/vfio-pci");
  EXPECT_EQ(findings({"port[0].device=01:00.0"}),
            Texts{"error: PCI device 0000:01:00.0 has no IOMMU group; switch the IOMMU on in the "
                  "firmware and boot with intel_iommu=on or amd_iommu=on"});
  tree_.link(kPci + "iommu_group"s, "../../kernel/iommu_groups/17");
  EXPECT_EQ(findings({"port[0].device=01:00.0"}),
            Texts{"error: cannot open /dev/vfio/17: No such file or directory; bind the device "
                  "again: deploy/unbind-port 0000:01:00.0, deploy/bind-port 0000:01:00.0"});
  tree_.write("dev/vfio/17", "");
  EXPECT_EQ(findings({"port[0].device=01:00.0"}), Texts{});
}

TEST_F(Environment, PciPortFarFromItsLcore) {
  tree_.write(kPci + "class"s, "0x020000\n");
  tree_.link(kPci + "driver"s, "../../drivers/mlx5_core");
  tree_.write(kPci + "numa_node"s, "1\n");
  EXPECT_EQ(findings({"port[0].device=01:00.0"}),
            Texts{"warning: lcores.rx[0]: CPU 0 is on NUMA node 0 and polls port[0], which is on "
                  "node 1; poll a port from its own node"});
}

TEST_F(Environment, Hugepages) {
  const auto found = [&](std::vector<std::string> set) {
    Texts texts;
    for (const Finding& finding : look(with_set(std::move(set)), tree_.sys_root())) {
      texts.push_back(to_text(finding));
    }
    return texts;
  };
  tree_.write(kPages, "50\n");
  EXPECT_EQ(found({}), Texts{});
  EXPECT_EQ(found({"memory.limit_mib=100"}), Texts{});
  EXPECT_EQ(found({"memory.limit_mib=99"}),
            Texts{"--set memory.limit_mib=99: error: memory.limit_mib is 99, about 100 are needed; "
                  "raise it, or lower rings.ingest_cells, rings.worker_cells or port.pool_mbufs"});
  tree_.write(kPages, "49\n");
  const std::string what = "about 100 MiB of hugepages are needed, 98 MiB are free";
  // 300 hugepages exist, of which 251 are in use.
  tree_.write("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "300\n");
  const std::string fix =
      "echo 301 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages, or "
      "deploy/reserve-hugepages";
  EXPECT_EQ(found({}),
            Texts{"t.toml: warning: " + what + ": escd will use ordinary pages; " + fix});
  EXPECT_EQ(found({"memory.hugepages=require"}),
            Texts{"--set memory.hugepages=require: error: " + what + "; " + fix});
  EXPECT_EQ(found({"memory.hugepages=off"}), Texts{});
  tree_.write("sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages", "1\n");
  EXPECT_EQ(found({}), Texts{});
  std::filesystem::remove_all(tree_.path() / "sys/kernel");
  EXPECT_EQ(found({"memory.hugepages=require"}),
            Texts{"--set memory.hugepages=require: error: about 100 MiB of hugepages are needed, 0 "
                  "MiB are free; this kernel offers no hugepages; write memory.hugepages = "
                  "\"off\""});
  EXPECT_EQ(found({"memory.hugepages=off", "memory.limit_mib=119"}),
            Texts{"--set memory.limit_mib=119: error: memory.limit_mib is 119, about 120 are "
                  "needed; raise it, or lower rings.ingest_cells, rings.worker_cells or "
                  "port.pool_mbufs"});
  EXPECT_EQ(found({"memory.hugepages=off", "memory.limit_mib=120"}), Texts{});
}

TEST_F(Environment, OrdinaryMemory) {
  const std::vector<std::string> off = {"memory.hugepages=off"};
  const std::string fix =
      "deploy/reserve-hugepages, free memory, or make the pools and rings smaller "
      "(rings.ingest_cells, rings.worker_cells, port.pool_mbufs, connections.max, "
      "connections.credit_events)";
  tree_.write("proc/meminfo", "MemTotal:  9999999 kB\nMemAvailable:     122880 kB\n");
  EXPECT_EQ(findings(off), Texts{});
  tree_.write("proc/meminfo", "MemTotal:  9999999 kB\nMemAvailable:     122879 kB\n");
  EXPECT_EQ(
      findings(off),
      Texts{"error: about 120 MiB of ordinary memory are needed, 119 MiB are to be had; " + fix});
  EXPECT_EQ(findings({}), Texts{});  // on hugepages none is needed
  tree_.write(kPages, "49\n");
  EXPECT_EQ(findings({}).size(), 2U);  // too few hugepages, and then too little of the other kind
}

TEST_F(Environment, LockedMemory) {
  tree_.write("sys/class/net/eth7/flags", "0x1003\n");
  const std::vector<std::string> pinning = {"port[0].device=net_af_xdp0,iface=eth7"};
  EXPECT_EQ(findings(pinning), Texts{});
  limit_locked("8388608              8388608");
  EXPECT_EQ(findings(pinning),
            Texts{"warning: a port pins memory: about 100 MiB, but this process may lock 8 MiB; "
                  "ulimit -l unlimited, or LimitMEMLOCK=infinity in the systemd unit"});
  EXPECT_EQ(findings({}), Texts{});
}

TEST_F(Environment, WhatAKilledRunLeftInHugetlbfsIsToBeHadAgain) {
  tree_.write(kPages, "49\n");
  tree_.write("proc/mounts", "none /mnt/huge hugetlbfs rw 0 0\n");
  const std::vector<std::string> require = {"memory.hugepages=require"};
  tree_.write("mnt/huge/othermap_0", std::string(4U << 20U, 'x'));
  EXPECT_EQ(findings(require).size(), 1U);
  const auto left = tree_.write("mnt/huge/escdmap_0", std::string(2U << 20U, 'x'));
  EXPECT_EQ(findings(require), Texts{});
  EXPECT_TRUE(std::filesystem::exists(left)) << "looking removes nothing";
  // A living process has it.
  const FileDescriptor held(::open(left.c_str(), O_RDONLY));
  ASSERT_EQ(::flock(held.get(), LOCK_SH), 0);
  EXPECT_EQ(findings(require).size(), 1U);
}

TEST_F(Environment, WhatIsTakenOrShortIsToldFromWhatIsNotFit) {
  tree_.write(kPages, "1\n");
  const auto severities = [&](std::vector<std::string> set) {
    std::vector<Severity> found;
    for (const Finding& finding : look(with_set(std::move(set)), tree_.sys_root()))
      found.push_back(finding.severity);
    return found;
  };
  using S = Severity;
  EXPECT_EQ(severities({"memory.hugepages=require"}), std::vector{S::kUnavailable});
  EXPECT_EQ(severities({"memory.hugepages=require", "memory.limit_mib=64"}),
            (std::vector{S::kUnavailable, S::kError}));
  EXPECT_EQ(severities({"port[0].device=net_af_packet0,iface=no", "memory.hugepages=off"}),
            std::vector{S::kUnavailable});
  EXPECT_EQ(severities({"port[0].device=01:00.0", "memory.hugepages=off"}),
            std::vector{S::kUnavailable});
  EXPECT_EQ(severities({"port[0].device=net_pcap0,rx_pcap=/no", "memory.hugepages=off"}),
            std::vector{S::kError});
}

}  // namespace
}  // namespace esc::config
