// SPDX-License-Identifier: BSD-3-Clause
// The packet sockets that a driver has opened on an interface of the kernel, and what it does not
// do with them itself.
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
    kIncoming  ///< what comes in at the interface, without what the host sends out of it
  };
  /// In force when it returns: no packet that was judged before is still on its way into a ring. By
  /// a filter, for PACKET_IGNORE_OUTGOING does nothing for a socket in a fanout group, as
  /// net_af_packet's are. Main lcore. Throws std::system_error.
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
