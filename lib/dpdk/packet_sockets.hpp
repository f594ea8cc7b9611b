// SPDX-License-Identifier: BSD-3-Clause
// The packet sockets that a driver has opened on an interface of the kernel. Does with them what
// the driver does not: filters, and reads how many packets were dropped.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace esc::dpdk {

/// Every packet socket of this process that is bound to one of the interfaces when this is made;
/// the driver keeps them open for as long as its port is.
class PacketSockets {
 public:
  explicit PacketSockets(const std::vector<std::string>& interfaces);

  enum class Take : std::uint8_t {
    kNothing,
    /// Packets that come in at the interface, but not those that the host sends out of it.
    kIncoming
  };
  /// Sets which packets the sockets take. It is in force when the call returns: no packet filtered
  /// by the earlier rule is still on its way into a ring. Uses a filter, since
  /// PACKET_IGNORE_OUTGOING has no effect on sockets in a fanout group, as net_af_packet's are.
  /// Main lcore. Throws std::system_error.
  void take(Take what);

  /// Packets that the kernel dropped at the sockets since they were opened, or since
  /// forget_drops(); reading resets its figures, so they are added up here. Any thread.
  [[nodiscard]] std::uint64_t drops();
  void forget_drops();

  [[nodiscard]] std::size_t count() const noexcept { return fds_.size(); }

 private:
  std::vector<int> fds_;  ///< the driver's, not ours to close
  std::mutex mutex_;
  std::uint64_t drops_ = 0;
};

}  // namespace esc::dpdk
