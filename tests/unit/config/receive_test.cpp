// SPDX-License-Identifier: BSD-3-Clause
// Queues that nobody would poll, and ports that would take each other's packets.
#include "support.hpp"
#include "trace_bytes.hpp"

namespace esc::config {
namespace {

using namespace test;

class Receive : public testing::Test {
 protected:
  Receive() {
    tree_.write("proc/self/status", "CapEff:\t000001ffffffffff\n");
    interface("eth7", 1);
    interface("eth8", 4);
    trace_ = tree_.write("t.pcap", pcap_header() + pcap_record(60));
  }

  void interface(const std::string& name, unsigned queues, const char* mtu = "1500") const {
    const std::string folder = "sys/class/net/" + name + "/";
    tree_.write(folder + "flags", "0x1003\n");
    tree_.write(folder + "mtu", std::string(mtu) + "\n");
    tree_.write(folder + "device/driver", "");
    for (unsigned queue = 0; queue < queues; ++queue) {
      tree_.write(folder + "queues/rx-" + std::to_string(queue) + "/rps_cpus", "0\n");
      tree_.write(folder + "queues/tx-" + std::to_string(queue) + "/xps_cpus", "0\n");
    }
  }

  /// The findings for one port on each device, with that many receive queues.
  [[nodiscard]] Texts said(const std::vector<std::pair<std::string, unsigned>>& ports) const {
    std::string text(kMinimal.substr(kMinimal.find("[lcores]")));
    for (const auto& [device, queues] : ports) {
      text += "[[port]]\ndevice = \"" + device +
              "\"\nudp_ports = [9001]\nrx_queues = " + std::to_string(queues) + "\n";
    }
    Texts texts;
    for (const Finding& finding : check_virtual_ports(loaded(text), tree_.sys_root())) {
      texts.push_back(to_text(finding));
    }
    return texts;
  }
  /// The findings for one port, without their places.
  [[nodiscard]] Texts said(const std::string& device, unsigned queues) const {
    Texts texts = said(std::vector{std::pair{device, queues}});
    for (std::string& text : texts) text.erase(0, text.find(": ") + 2);
    return texts;
  }

  Tree tree_;
  std::string trace_;
};

TEST_F(Receive, EveryQueueThatAnAfPacketPortFillsIsPolled) {
  EXPECT_EQ(said("net_af_packet0,iface=eth8", 1), Texts{});
  EXPECT_EQ(said("net_af_packet0,iface=eth8,qpairs=2", 2), Texts{});
  EXPECT_EQ(
      said("net_af_packet0,iface=eth8,qpairs=2", 1),
      Texts{"error: rx_queues is 1, but the device has 2 receive queues, as its 'qpairs' say: "
            "what comes to the others would never be read; set rx_queues = 2, or give the "
            "device 1 queue"});
  EXPECT_EQ(said("eth_af_packet0,iface=eth8,qpairs=3", 2).size(), 1U);
  EXPECT_EQ(
      said("net_af_packet0,iface=eth8", 2),
      Texts{"error: rx_queues is 2, but the device has 1 receive queue, as its 'qpairs' says; "
            "set rx_queues = 1, or give the device one 'qpairs' for each queue"});
  for (const char* bad : {"", "0", "two", "-1", "2x", "4294967297", "1025"}) {
    EXPECT_EQ(said("net_af_packet0,iface=eth8,qpairs=" + std::string(bad), 1),
              Texts{"error: 'qpairs' is '" + std::string(bad) +
                    "', not a number of queues; write one from 1 to 1024"});
  }
}

TEST_F(Receive, EveryTraceIsPolled) {
  const std::string one = "rx_pcap=" + trace_;
  EXPECT_EQ(said("net_pcap0," + one, 1), Texts{});
  EXPECT_EQ(said("net_pcap0," + one + "," + one, 2), Texts{});
  const Texts less = said("net_pcap0," + one + "," + one, 1);
  ASSERT_EQ(less.size(), 1U);
  EXPECT_EQ(less[0].substr(0, 60), "error: rx_queues is 1, but the device has 2 receive queues, ");
  const Texts more = said("net_pcap0," + one, 2);
  ASSERT_EQ(more.size(), 1U);
  EXPECT_EQ(more[0].substr(0, 60), "error: rx_queues is 2, but the device has 1 receive queue, a");
  EXPECT_EQ(said("net_pcap0,rx_iface_in=eth7,rx_iface_in=eth8", 1).size(), 1U);
  EXPECT_EQ(said("net_pcap0,rx_iface_in=eth7,rx_iface_in=eth8", 2), Texts{});
}

TEST_F(Receive, SourcesThatThePcapDriverWouldLeaveOut) {
  const Texts text = {
      "error: the driver receives from one of 'iface', 'rx_pcap' and 'rx_iface_in' only, and would "
      "leave the others out without a word; give each its own [[port]]"};
  EXPECT_EQ(said("net_pcap0,rx_pcap=" + trace_ + ",rx_iface_in=eth7", 1), text);
  EXPECT_EQ(said("net_pcap0,rx_pcap=" + trace_ + ",iface=eth7", 1), text);
  const Texts twice = said("net_pcap0,rx_pcap=" + trace_ + ",infinite_rx=1,infinite_rx=1", 1);
  EXPECT_EQ(twice, Texts{"error: 'infinite_rx' is '1', or stands there twice; write infinite_rx=1 "
                         "once, or leave it out"});
  EXPECT_EQ(said("net_pcap0,rx_pcap=" + trace_ + ",infinite_rx=2", 1).size(), 1U);
}

TEST_F(Receive, EveryQueueOfAnInterfaceHasAnAfXdpSocket) {
  EXPECT_EQ(said("net_af_xdp0,iface=eth7", 1), Texts{});
  EXPECT_EQ(
      said("net_af_xdp0,iface=eth8", 1),
      Texts{"error: interface 'eth8' has 4 receive queues, and no port polls queues 1, 2, 3: "
            "what comes there would go to the kernel; set queue_count=4 and rx_queues = 4, or "
            "add a [[port]] with start_queue= for each, or leave the interface fewer: "
            "ethtool -L eth8 combined 1 (rx 1 for a veth)"});
  EXPECT_EQ(said("net_af_xdp0,iface=eth8,queue_count=4", 4), Texts{});
  EXPECT_EQ(said("net_af_xdp0,iface=eth8,queue_count=4", 2).size(), 1U);
  EXPECT_EQ(said("net_af_xdp0,iface=eth8,xdp_prog=own.o", 1), Texts{});
  EXPECT_EQ(said({{"net_af_xdp0,iface=eth8,queue_count=2", 2},
                  {"net_af_xdp1,iface=eth8,start_queue=2,queue_count=2", 2}}),
            Texts{});
  const Texts hole = said(
      {{"net_af_xdp0,iface=eth8,queue_count=2", 2}, {"net_af_xdp1,iface=eth8,start_queue=3", 1}});
  ASSERT_EQ(hole.size(), 1U);
  EXPECT_NE(hole[0].find("no port polls queue 2:"), std::string::npos) << hole[0];
}

TEST_F(Receive, OneInterfaceIsOnePorts) {
  const auto refused = [&](const std::string& one, const std::string& other) {
    const Texts texts = said({{one, 1}, {other, 1}});
    EXPECT_EQ(texts.size(), 1U) << one << ' ' << other;
    return !texts.empty() &&
           texts[0].find("interface 'eth7' stands already at t.toml:") != std::string::npos;
  };
  EXPECT_TRUE(refused("net_af_packet0,iface=eth7", "net_af_packet1,iface=eth7"));
  EXPECT_TRUE(refused("net_af_packet0,iface=eth7", "net_af_xdp0,iface=eth7"));
  EXPECT_TRUE(refused("net_af_packet0,iface=eth7", "net_pcap0,rx_iface_in=eth7"));
  EXPECT_TRUE(refused("net_af_xdp0,iface=eth7", "net_af_xdp1,iface=eth7"));
  EXPECT_EQ(said({{"net_af_packet0,iface=eth7", 1}, {"net_af_packet1,iface=eth8", 1}}), Texts{});
  EXPECT_EQ(said("net_pcap0,rx_iface_in=eth7,rx_iface_in=eth7", 2),
            Texts{"error: interface 'eth7' stands there twice: each packet would be received as "
                  "often; remove one"});
}

TEST_F(Receive, WhatTheRingOfAnAfPacketPortWouldCut) {
  interface("jumbo0", 1, "9000");
  EXPECT_EQ(said("net_af_packet0,iface=jumbo0", 1),
            Texts{"warning: interface 'jumbo0' takes packets of 9000 bytes, and the port's ring "
                  "cuts them at 1968: what is longer is dropped as ip_truncated; set a larger "
                  "framesz= and blocksz=, and port.mbuf_data_bytes as large, or ip link set jumbo0 "
                  "mtu 1968"});
  EXPECT_EQ(said("net_af_packet0,iface=jumbo0,framesz=16384,blocksz=16384", 1), Texts{});
}

TEST_F(Receive, ChecksumsThatNobodyComputes) {
  tree_.write("sys/class/net/veth0/flags", "0x1003\n");
  tree_.write("sys/class/net/veth0/uevent", "INTERFACE=veth0\nIFINDEX=7\n");
  tree_.write("sys/class/net/vlan0/flags", "0x1003\n");
  tree_.write("sys/class/net/vlan0/uevent", "DEVTYPE=vlan\nINTERFACE=vlan0\n");
  for (const std::string device :
       {"net_af_packet0,iface=veth0", "net_af_xdp0,iface=veth0", "net_pcap0,rx_iface_in=veth0"}) {
    EXPECT_EQ(said(device, 1),
              Texts{"warning: interface 'veth0' is virtual: who sends through it leaves UDP "
                    "checksums to hardware that is not there, and such datagrams are dropped as "
                    "bad_udp_checksum; ethtool -K IFACE tx off for the sender's interface, and for "
                    "veth0, which escd looks at; or set port.checksum = \"off\""});
  }
  EXPECT_EQ(said("net_af_packet0,iface=vlan0", 1), Texts{});
  EXPECT_EQ(said("net_af_packet0,iface=eth7", 1), Texts{});
  for (const char* checksum : {"nic", "off"}) {
    const Config config = with_set({"port[0].device=\"net_af_packet0,iface=veth0\"",
                                    "port[0].checksum=" + std::string(checksum)});
    EXPECT_EQ(check_virtual_ports(config, tree_.sys_root()), std::vector<Finding>{});
  }
}

}  // namespace
}  // namespace esc::config
