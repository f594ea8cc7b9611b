// SPDX-License-Identifier: BSD-3-Clause
#include "config/device.hpp"

#include "support.hpp"

namespace esc::config {
namespace {

Device device(std::string_view text) {
  auto parsed = parse_device(text);
  if (auto* found = std::get_if<Device>(&parsed)) return std::move(*found);
  ADD_FAILURE() << text << ": " << std::get<Problem>(parsed).what;
  return {};
}

TEST(Device, PciAddressInEveryForm) {
  for (const char* text : {"0000:0a:00.1", "0A:00.1", "0000:0A:00.1"}) {
    EXPECT_EQ(device(text).name, "0000:0a:00.1");
    EXPECT_EQ(device(text).spec, "0000:0a:00.1");
    EXPECT_EQ(device(text).kind, DeviceKind::kPci);
  }
  EXPECT_EQ(device("10000:01:00.0").name, "10000:01:00.0");
  const Device with_args = device("0A:00.0,rxq_cqe_comp_en=0");
  EXPECT_EQ(with_args.spec, "0000:0a:00.0,rxq_cqe_comp_en=0");
  EXPECT_EQ(with_args.arg("rxq_cqe_comp_en"), "0");
}

TEST(Device, VirtualWithRepeatedArguments) {
  const Device two = device("net_pcap12,rx_pcap=a=b.pcap,rx_pcap=c.pcap,infinite_rx,,x=");
  EXPECT_EQ(two.kind, DeviceKind::kVdev);
  EXPECT_EQ(two.name, "net_pcap12");
  EXPECT_EQ(two.driver, "net_pcap");
  EXPECT_EQ(two.count("rx_pcap"), 2U);
  EXPECT_EQ(two.arg("rx_pcap"), "a=b.pcap");
  EXPECT_EQ(two.arg("infinite_rx"), "");
  EXPECT_EQ(two.arg("x"), "");
  EXPECT_EQ(two.arg("y"), std::nullopt);
  EXPECT_EQ(two.args.size(), 4U);
}

TEST(Device, KnowsWhoKeepsPackets) {
  const auto lossless = [](std::string_view text) {
    PortConfig port;
    port.device = device(text);
    return port.lossless();
  };
  EXPECT_TRUE(lossless("net_pcap0,rx_pcap=a.pcap"));
  EXPECT_TRUE(lossless("eth_pcap0,rx_pcap=a.pcap"));
  EXPECT_TRUE(lossless("net_memif0"));
  EXPECT_TRUE(lossless("net_ring0"));
  EXPECT_TRUE(lossless("net_null0"));
  EXPECT_FALSE(lossless("net_pcap0,iface=eth0"));
  EXPECT_FALSE(lossless("net_pcap0,rx_iface=eth0"));
  EXPECT_FALSE(lossless("net_af_packet0,iface=eth0"));
  EXPECT_FALSE(lossless("net_af_xdp0,iface=eth0"));
  EXPECT_FALSE(lossless("net_tap0"));
  EXPECT_FALSE(lossless("01:00.0"));
  PortConfig port;
  EXPECT_FALSE(port.lossless());
  port.lossless_setting = Lossless::kYes;
  EXPECT_TRUE(port.lossless());
}

TEST(Device, SuggestsADriver) {
  EXPECT_EQ(likely_driver("net_pcap"), std::nullopt);
  EXPECT_EQ(likely_driver("eth_pcap"), std::nullopt);
  EXPECT_EQ(likely_driver("net_mmif"), "net_memif");
  EXPECT_EQ(likely_driver("net_something_else"), std::nullopt);
}

}  // namespace
}  // namespace esc::config
