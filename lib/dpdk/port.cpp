// SPDX-License-Identifier: BSD-3-Clause
#include "dpdk/port.hpp"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <system_error>

#include "dpdk/probe_fix.hpp"
#include "topology/pci_device.hpp"

namespace esc::dpdk {
namespace {

constexpr std::uint16_t kFallbackDescriptors = 1024;
constexpr std::uint16_t kTxDescriptors = 64;
// Some drivers (memif, virtio) do not come up without a TX queue; we never send through it.
constexpr std::uint16_t kTxQueues = 1;

std::string error_text(int error) {
  return rte_strerror(error < 0 ? -error : error);
}

std::uint64_t rx_offloads(const rte_eth_dev_info& info, bool nic_checksums) {
  std::uint64_t wanted = RTE_ETH_RX_OFFLOAD_SCATTER;
  if (nic_checksums) wanted |= RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
  return wanted & info.rx_offload_capa;
}

}  // namespace

Port::Port(const PortSettings& settings) : settings_(settings) {
  probe();
  try {
    configure();
  } catch (...) {
    close();
    throw;
  }
}

Port::~Port() {
  close();
}

void Port::probe() {
  std::uint16_t id = 0;
  if (!settings_.pci) {
    const int result = rte_dev_probe(settings_.device.c_str());
    if (result != 0) {
      throw StartError("port \"" + settings_.label + "\": device \"" + settings_.device +
                           "\" cannot be opened: " + error_text(result),
                       probe_fix(settings_));
    }
  }
  if (rte_eth_dev_get_port_by_name(settings_.device_name.c_str(), &id) != 0) throw no_such_port();
  id_ = id;
  probed_ = true;
}

StartError Port::no_such_port() const {
  const std::string port = "port \"" + settings_.label + "\": ";
  if (settings_.pci) {
    const auto problem = topology::pci_problem({}, settings_.device_name);
    if (problem) return {port + problem->what, problem->fix};
  }
  return {port + "DPDK has no port \"" + settings_.device_name + "\"", probe_fix(settings_)};
}

void Port::configure() {
  rte_eth_dev_info info{};
  if (const int result = rte_eth_dev_info_get(id_, &info); result != 0) {
    throw StartError(
        "port \"" + settings_.label + "\": no device information: " + error_text(result),
        "unbind and bind the port again");
  }
  driver_ = info.driver_name;
  own_mbufs_ = driver_ != "net_ring";
  find_sockets();
  if (settings_.rx_queues > info.max_rx_queues) {
    throw StartError("port \"" + settings_.label +
                         "\": rx_queues = " + std::to_string(settings_.rx_queues) + ", but " +
                         driver_ + " has " + std::to_string(info.max_rx_queues) + " here",
                     "lower port.rx_queues to " + std::to_string(info.max_rx_queues) + " or fewer");
  }
  rte_eth_conf conf{};
  conf.rxmode.offloads = rx_offloads(info, settings_.nic_checksums);
  if (settings_.rx_queues > 1) {
    conf.rx_adv_conf.rss_conf.rss_hf =
        (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP) & info.flow_type_rss_offloads;
    if (conf.rx_adv_conf.rss_conf.rss_hf != 0) {
      conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    } else if (settings_.pci) {
      // A virtual port's other side spreads packets over queues in its own way, and the port cannot
      // say how.
      spdlog::warn(
          "port \"{}\": {} does not spread packets over queues by itself (no RSS): unless "
          "what feeds it does, all but the first of {} stay empty; lower port.rx_queues",
          settings_.label, driver_, settings_.rx_queues);
    }
  }
  const std::uint16_t tx_queues = std::min(kTxQueues, info.max_tx_queues);
  if (const int result = rte_eth_dev_configure(id_, settings_.rx_queues, tx_queues, &conf);
      result != 0) {
    throw StartError("port \"" + settings_.label + "\": " + driver_ + " refused " +
                         std::to_string(settings_.rx_queues) + " RX queues: " + error_text(result),
                     "lower port.rx_queues; the DPDK lines above say more");
  }
  if (settings_.mtu != 0) {
    if (const int result = rte_eth_dev_set_mtu(id_, settings_.mtu); result != 0) {
      throw StartError("port \"" + settings_.label + "\": mtu " + std::to_string(settings_.mtu) +
                           " was refused: " + error_text(result),
                       "leave port.mtu out, or choose one that the device takes");
    }
  }
  set_up_queues(rte_eth_dev_socket_id(id_));
}

void Port::set_up_queues(int socket) {
  rte_eth_dev_info info{};
  rte_eth_dev_info_get(id_, &info);
  descriptors_ = settings_.rx_descriptors;
  if (descriptors_ == 0) descriptors_ = info.default_rxportconf.ring_size;
  if (descriptors_ == 0) descriptors_ = kFallbackDescriptors;
  std::uint16_t tx_descriptors = kTxDescriptors;
  if (const int result = rte_eth_dev_adjust_nb_rx_tx_desc(id_, &descriptors_, &tx_descriptors);
      result != 0) {
    throw StartError("port \"" + settings_.label + "\": " + std::to_string(descriptors_) +
                         " RX descriptors: " + error_text(result),
                     "leave port.rx_descriptors out");
  }
  make_pool(descriptors_, socket);
  for (std::uint16_t queue = 0; queue < settings_.rx_queues; ++queue) {
    const int result = rte_eth_rx_queue_setup(id_, queue, descriptors_,
                                              static_cast<unsigned>(socket), nullptr, pool_->get());
    if (result != 0) {
      throw StartError("port \"" + settings_.label + "\": RX queue " + std::to_string(queue) +
                           " was refused: " + error_text(result),
                       queue_fix(settings_, pool_->size()));
    }
  }
  const bool has_tx = info.max_tx_queues > 0;
  if (has_tx) {
    const int result =
        rte_eth_tx_queue_setup(id_, 0, tx_descriptors, static_cast<unsigned>(socket), nullptr);
    if (result != 0) {
      throw StartError(
          "port \"" + settings_.label + "\": TX queue was refused: " + error_text(result),
          "see the DPDK lines above");
    }
  }
}

void Port::make_pool(std::uint16_t descriptors, int socket) {
  PoolHolders holders = settings_.holders;
  holders.descriptors = std::size_t{descriptors} * settings_.rx_queues;
  // It fills a second ring of the same length, for packets of several buffers.
  if (driver_ == "net_vmxnet3") holders.descriptors *= 2;
  const std::size_t mbufs = settings_.pool_mbufs != 0 ? settings_.pool_mbufs : holders.sum();
  // net_af_xdp registers the pool's memory with the kernel and receives nothing from a LIFO pool.
  const PoolOrder order = driver_ == "net_af_xdp" ? PoolOrder::kFifo : PoolOrder::kLifo;
  pool_ = std::make_unique<Pool>("esc_port" + std::to_string(settings_.index), mbufs,
                                 settings_.mbuf_data_bytes, socket, order);
}

void Port::restamp() {
  const std::vector<std::string>& traces = settings_.traces;
  for (std::uint16_t queue = 0; queue < settings_.rx_queues && queue < traces.size(); ++queue) {
    restamped_.push_back(std::make_unique<RestampedQueue>(settings_, id_, queue, traces[queue]));
  }
}

void Port::start() {
  if (settings_.restamp != wire::Restamp::kOff) restamp();
  if (const int result = rte_eth_dev_start(id_); result != 0) {
    throw StartError("port \"" + settings_.label + "\" did not start: " + error_text(result),
                     probe_fix(settings_));
  }
  begin_to_receive();
  if (settings_.promiscuous) {
    const int result = rte_eth_promiscuous_enable(id_);
    if (result != 0 && result != -ENOTSUP) {
      spdlog::warn("port \"{}\": promiscuous mode was refused: {}", settings_.label,
                   error_text(result));
    }
  }
  // From here on the driver always holds the same number: it takes one mbuf for each that it hands
  // out.
  if (driver_ == "net_af_xdp") kept_by_driver_ = pool_->size() - pool_->available();
  resident_mbufs_ = pool_->size() - pool_->available();
  counts_descriptors_ = rte_eth_rx_queue_count(id_, 0) >= 0;
  link_ = std::make_unique<PortLink>(id_, driver_, settings_.interfaces, !settings_.traces.empty());
  link_->look();
}

void Port::find_sockets() {
  if (driver_ != "net_af_packet" && driver_ != "net_pcap") return;
  if (settings_.interfaces.empty()) return;
  sockets_ = std::make_unique<PacketSockets>(settings_.interfaces);
  counts_drops_ = driver_ == "net_af_packet";  // net_pcap reports its own drops
}

/// From now on the port receives what comes in at its interface. It does not receive what its
/// sockets took before they were bound, nor what the host itself sends out of the interface.
void Port::begin_to_receive() {
  if (!sockets_) return;
  try {
    sockets_->take(PacketSockets::Take::kNothing);
    put_aside();
    if (counts_drops_) sockets_->forget_drops();
    sockets_->take(PacketSockets::Take::kIncoming);
  } catch (const std::system_error& error) {
    throw StartError(
        "port \"" + settings_.label +
            "\": its sockets cannot be told to leave out what the host sends: " + error.what(),
        "see whether a security policy forbids socket filters to escd");
  }
  if (before_start_ != 0) {
    spdlog::info("port \"{}\": {} packets that came before it was started were put aside",
                 settings_.label, before_start_);
  }
}

/// Called while the sockets take nothing, so there are at most as many packets as the rings hold.
void Port::put_aside() {
  std::array<rte_mbuf*, 32> burst{};
  for (std::uint16_t queue = 0; queue < settings_.rx_queues; ++queue) {
    while (const std::uint16_t count =
               rte_eth_rx_burst(id_, queue, burst.data(), std::uint16_t{burst.size()})) {
      for (rte_mbuf* packet : std::span(burst).first(count)) before_start_bytes_ += packet->pkt_len;
      rte_pktmbuf_free_bulk(burst.data(), count);
      before_start_ += count;
    }
  }
}

void Port::close() {
  if (!probed_ || closed_) return;
  last_stats_ = stats();
  closed_ = true;
  if (link_) link_->close();
  restamped_.clear();
  rte_eth_dev_stop(id_);
  rte_eth_dev_close(id_);
}

RxQueue Port::rx_queue(std::uint16_t queue) const {
  return {id_, queue, settings_.lossless, counts_descriptors_, descriptors_};
}

PortStats Port::stats() const {
  if (closed_) return last_stats_;
  rte_eth_stats stats{};
  if (rte_eth_stats_get(id_, &stats) != 0) return last_stats_;
  if (counts_drops_) stats.imissed += sockets_->drops();
  return {stats.ipackets - before_start_,
          stats.ibytes - before_start_bytes_,
          stats.imissed,
          stats.rx_nombuf,
          stats.ierrors,
          before_start_};
}

}  // namespace esc::dpdk
