// SPDX-License-Identifier: BSD-3-Clause
#include "appliance/sizing.hpp"

#include <algorithm>
#include <tuple>

#include "appliance/dead_letters.hpp"
#include "appliance/dispatch_node.hpp"
#include "appliance/rx_node.hpp"
#include "appliance/tcp_node.hpp"
#include "appliance/worker_node.hpp"
#include "config/device.hpp"
#include "config/trace.hpp"

namespace esc::appliance {
namespace {

// More than any driver's default, so that the estimate holds before a port is probed.
constexpr std::size_t kAssumedDescriptors = 2048;

/// The nodes of every role, in the order of topology::Role.
using Nodes = std::tuple<RxNode, TcpNode, DispatchNode, WorkerNode, DeadLetters>;
static_assert(std::tuple_size_v<Nodes> == static_cast<std::size_t>(topology::Role::kCount),
              "a role has no node here, so nobody would count what its stages need");

template <class... Node>
StageNeeds sum_of_needs(const std::tuple<Node...>* /*nodes*/, const config::Config& config,
                        std::size_t packet_segments) {
  StageNeeds sum;
  ((sum += Node::needs(config, packet_segments)), ...);
  return sum;
}

/// What the stages of all roles need.
StageNeeds stage_needs(const config::Config& config, std::size_t packet_segments) {
  return sum_of_needs(static_cast<const Nodes*>(nullptr), config, packet_segments);
}

/// mbufs that the longest packet takes.
std::size_t packet_segments(const dpdk::PortSettings& settings) {
  constexpr std::size_t kLongestPacketBytes = 65'535;
  return (kLongestPacketBytes + settings.mbuf_data_bytes - 1) / settings.mbuf_data_bytes;
}

/// Packets that net_pcap keeps in mbufs for an endless trace.
std::size_t kept_packets(const config::Device& device) {
  std::size_t packets = 0;
  if (!config::endless(device)) return packets;
  for (const std::string& trace : config::traces(device)) {
    const config::TraceVerdict verdict = config::judge_trace(trace);
    if (const auto* content = std::get_if<config::TraceContent>(&verdict)) {
      packets += content->packets;
    }
  }
  return packets;
}

}  // namespace

dpdk::PortSettings port_settings(const config::Config& config, std::size_t index) {
  const config::PortConfig& port = config.ports[index];
  dpdk::PortSettings settings;
  settings.label = port.name;
  settings.device = port.device.spec;
  settings.device_name = port.device.name;
  settings.pci = port.device.kind == config::DeviceKind::kPci;
  settings.interfaces = config::interfaces(port.device);
  settings.traces = config::traces(port.device);
  settings.index = static_cast<std::uint16_t>(index);
  settings.rx_queues = port.rx_queues;
  settings.rx_descriptors = port.rx_descriptors;
  settings.pool_mbufs = port.pool_mbufs;
  if (port.mbuf_data_bytes != 0) settings.mbuf_data_bytes = port.mbuf_data_bytes;
  settings.mtu = port.mtu;
  settings.promiscuous = port.promiscuous;
  settings.lossless = port.lossless();
  settings.restamp = port.restamp;
  settings.udp_ports = port.udp_ports;
  settings.software_checksums = port.checksum == config::Checksum::kVerify;
  settings.nic_checksums = port.checksum != config::Checksum::kOff;

  // Every ring could be full of this port's events. Besides the stages' lcores, the main lcore has
  // a cache: it gives back what is left at the end.
  const StageNeeds needs = stage_needs(config, packet_segments(settings));
  settings.holders.rings = needs.ring_mbufs;
  settings.holders.bursts = needs.hand_mbufs;
  settings.holders.caches = dpdk::kPoolCacheHoldsMbufs * (needs.lcores + 1);
  settings.holders.driver = kept_packets(port.device);
  return settings;
}

std::uint64_t memory_bytes(const config::Config& config, std::uint64_t page_bytes) {
  std::uint64_t total = dpdk::pool_bytes(kJumboMbufs, kJumboDataBytes, page_bytes);
  if (const std::size_t buffers = tcp_buffers(config); buffers != 0) {
    total += dpdk::pool_bytes(buffers, kJumboDataBytes, page_bytes);
  }
  for (std::size_t i = 0; i < config.ports.size(); ++i) {
    const dpdk::PortSettings settings = port_settings(config, i);
    const std::size_t computed =
        settings.holders.sum() +
        std::max<std::size_t>(kAssumedDescriptors, settings.rx_descriptors) * settings.rx_queues;
    total += dpdk::pool_bytes(settings.pool_mbufs != 0 ? settings.pool_mbufs : computed,
                              settings.mbuf_data_bytes, page_bytes);
  }
  constexpr std::size_t kNoPacket = 0;  // what is in hand lies in the pools
  return total + stage_needs(config, kNoPacket).bytes + config.key_memory_bytes();
}

dpdk::EalSettings eal_settings(const config::Config& config, const topology::LcorePlan& plan) {
  std::vector<std::string> pci_devices;
  for (const config::PortConfig& port : config.ports) {
    if (port.device.kind == config::DeviceKind::kPci) pci_devices.push_back(port.device.spec);
  }
  return {config.instance,
          plan.eal_lcores,
          plan.main_lcore,
          config.eal.args,
          std::move(pci_devices),
          static_cast<dpdk::HugepageUse>(config.memory.hugepages),
          memory_bytes(config, dpdk::kHugepageBytes),
          memory_bytes(config, dpdk::kOrdinaryPageBytes)};
}

}  // namespace esc::appliance
