// SPDX-License-Identifier: BSD-3-Clause
// One port that the appliance owns: probed, configured, started, read, closed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/start_error.hpp"
#include "dpdk/packet_sockets.hpp"
#include "dpdk/pool.hpp"
#include "dpdk/port_link.hpp"
#include "dpdk/port_stats.hpp"
#include "dpdk/restamped_queue.hpp"
#include "dpdk/rx_queue.hpp"
#include "wire/pass_stamps.hpp"

namespace esc::dpdk {

struct PortSettings {
  std::string label;        ///< for messages: the configuration's name of the port
  std::string device;       ///< devargs of a virtual device, or a PCI address
  std::string device_name;  ///< DPDK's name of it: "net_pcap0", "0000:01:00.0"
  bool pci = false;
  std::vector<std::string> interfaces;  ///< names of the kernel's interfaces that it receives from
  std::vector<std::string> traces;      ///< the trace files that it plays, one for each queue
  std::uint16_t index = 0;              ///< in the configuration; names the pool
  std::uint16_t rx_queues = 1;
  std::uint16_t rx_descriptors = 0;  ///< 0: the driver's choice
  std::uint32_t pool_mbufs = 0;      ///< 0: the sum of the holders
  std::uint32_t mbuf_data_bytes = 2048;
  std::uint16_t mtu = 0;  ///< 0: leave the device's
  bool promiscuous = true;
  bool lossless = false;                        ///< cannot lose packets while it is not polled
  wire::Restamp restamp = wire::Restamp::kOff;  ///< net_pcap with infinite_rx=1 only
  std::vector<std::uint16_t> udp_ports;         ///< that carry events; for restamp
  /// The RX stage computes checksums that the NIC has not verified.
  bool software_checksums = true;
  bool nic_checksums = true;  ///< ask the NIC to verify where it can
  PoolHolders holders;        ///< descriptors are filled in when the driver has told its number
};

/// Thread: main lcore, but for the RxQueues, each of which belongs to the RX lcore that polls it.
/// Errors: StartError.
class Port {
 public:
  explicit Port(const PortSettings& settings);
  ~Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  void start();
  /// Stops and closes the device, which gives up its mbufs; the pool stays, so that it can be
  /// counted. May be called again.
  void close();

  [[nodiscard]] RxQueue rx_queue(std::uint16_t queue) const;
  [[nodiscard]] const PortSettings& settings() const noexcept { return settings_; }
  [[nodiscard]] const Pool& pool() const noexcept { return *pool_; }
  [[nodiscard]] const std::string& driver() const noexcept { return driver_; }
  [[nodiscard]] std::uint16_t id() const noexcept { return id_; }
  /// Whether the mbufs that the driver hands out come from pool() and belong to nobody else. False
  /// for net_ring, which passes on the sender's mbufs.
  [[nodiscard]] bool own_mbufs() const noexcept { return own_mbufs_; }
  /// Mbufs that the driver took at start and does not give back when closed: net_af_xdp leaves its
  /// fill ring behind (DPDK 22.11). 0 for every other driver.
  [[nodiscard]] std::size_t kept_by_driver() const noexcept { return kept_by_driver_; }
  /// Mbufs that are in use for as long as the port is open: in descriptors, and kept by the driver.
  [[nodiscard]] std::size_t resident_mbufs() const noexcept { return resident_mbufs_; }
  [[nodiscard]] PortStats stats()
      const;  ///< any control thread; zeros kept from before once closed
  /// Asks for the link; does not wait. True: it has changed. Called by the main lcore now and then.
  bool watch_link() { return link_ && link_->look(); }
  /// The link at the last watch_link(). Any thread.
  [[nodiscard]] Link link() const noexcept { return link_ ? link_->get() : Link{}; }

 private:
  void probe();
  [[nodiscard]] StartError no_such_port() const;
  void make_pool(std::uint16_t descriptors, int socket);
  void configure();
  void set_up_queues(int socket);
  void restamp();
  void find_sockets();
  void begin_to_receive();
  void put_aside();

  PortSettings settings_;
  std::uint16_t id_ = 0;
  std::string driver_;
  std::uint16_t descriptors_ = 0;
  bool own_mbufs_ = true;
  bool counts_descriptors_ = false;
  std::size_t kept_by_driver_ = 0;
  std::size_t resident_mbufs_ = 0;
  bool probed_ = false;
  bool closed_ = false;
  PortStats last_stats_;
  std::unique_ptr<PacketSockets> sockets_;  ///< set if the driver receives through packet sockets
  /// `sockets_` can tell drops that the driver does not report.
  bool counts_drops_ = false;
  std::uint64_t before_start_ = 0;
  std::uint64_t before_start_bytes_ = 0;
  std::unique_ptr<PortLink> link_;  ///< once started
  std::unique_ptr<Pool> pool_;
  std::vector<std::unique_ptr<RestampedQueue>> restamped_;
};

}  // namespace esc::dpdk
