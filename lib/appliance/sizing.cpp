// SPDX-License-Identifier: BSD-3-Clause
#include "appliance/sizing.hpp"

#include <algorithm>

#include "config/device.hpp"
#include "config/trace.hpp"
#include "dispatch/hold_queue.hpp"
#include "event/event.hpp"
#include "ring/mpsc_ring.hpp"
#include "route/topic_cache.hpp"
#include "storage/dead_item.hpp"

namespace esc::appliance {
namespace {

// More than any driver's default, so that the estimate holds before a port is probed.
constexpr std::size_t kAssumedDescriptors = 2048;

std::size_t polling_lcores(const config::Config& config) {
  return config.lcores.rx.size() + config.lcores.dispatch.size() + config.lcores.workers.size();
}

/// Cells of all rings to the storage lcore.
std::size_t dead_cells(const config::Config& config) {
  if (!config.dead_letters.kept()) return 0;
  const std::size_t pipelines = config.lcores.dispatch.size();
  return (config.lcores.rx.size() * pipelines + pipelines + config.lcores.workers.size()) *
         config.dead_letters.ring_cells;
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

  // Every ring could be full of this port's events.
  settings.holders.rings =
      config.lcores.dispatch.size() * config.rings.ingest_cells +
      config.lcores.workers.size() * (config.rings.worker_cells + config.rings.hold_cells) +
      dead_cells(config);
  // An RX stage holds a burst of packets, each in as many segments as the longest packet takes, and
  // a burst of events for each pipeline; a dispatcher, a worker and the storage hold a burst each.
  settings.holders.bursts =
      config.rings.burst *
      ((packet_segments(settings) + config.lcores.dispatch.size()) * config.lcores.rx.size() +
       config.lcores.dispatch.size() + config.lcores.workers.size() +
       (config.dead_letters.kept() ? 1 : 0));
  settings.holders.caches = dpdk::kPoolCacheHoldsMbufs * (polling_lcores(config) + 1);
  settings.holders.driver = kept_packets(port.device);
  return settings;
}

std::uint64_t memory_bytes(const config::Config& config, std::uint64_t page_bytes) {
  std::uint64_t total = dpdk::pool_bytes(kJumboMbufs, kJumboDataBytes, page_bytes);
  for (std::size_t i = 0; i < config.ports.size(); ++i) {
    const dpdk::PortSettings settings = port_settings(config, i);
    const std::size_t computed =
        settings.holders.sum() +
        std::max<std::size_t>(kAssumedDescriptors, settings.rx_descriptors) * settings.rx_queues;
    total += dpdk::pool_bytes(settings.pool_mbufs != 0 ? settings.pool_mbufs : computed,
                              settings.mbuf_data_bytes, page_bytes);
  }
  const std::size_t pipelines = config.lcores.dispatch.size();
  total += pipelines * ring::MpscRing<event::Event>::bytes_for(config.rings.ingest_cells);
  total += config.lcores.workers.size() * (config.rings.worker_cells * sizeof(event::WorkItem) +
                                           config.rings.hold_cells * sizeof(dispatch::HeldItem));
  total += dead_cells(config) * sizeof(storage::DeadItem);
  // Commit buffers are in ordinary memory, whatever the rest uses; counting them here asks for a
  // few pages too many.
  if (config.dead_letters.kept()) total += kCommitBuffers * config.dead_letters.commit_bytes;
  total += pipelines * route::TopicCache::bytes_for(route::TopicCache::kDefaultTopics);
  total += config.key_memory_bytes();
  if (config.deduplication.sequenced) {
    total += pipelines * identity::ProducerTable::bytes_for(producer_settings(config));
  }
  return total;
}

identity::ProducerTable::Settings producer_settings(const config::Config& config) {
  // With several pipelines a hash spreads the producers. A quarter more than an even share, and a
  // few more, is enough for the uneven spread.
  const std::size_t pipelines = config.lcores.dispatch.size();
  const std::size_t all = config.deduplication.producers;
  const std::size_t share = pipelines == 1 ? all : all / pipelines * 5 / 4 + 64;
  return {.producers = std::min(share, all), .window = config.deduplication.window};
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
