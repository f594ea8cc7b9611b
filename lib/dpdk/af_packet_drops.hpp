// What the kernel dropped at net_af_packet's sockets: the driver does not tell.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

namespace esc::dpdk {

/// Reads PACKET_STATISTICS of every packet socket that this process has bound to the interface.
/// Reading resets the kernel's figures, so they are added up here. Thread: any control thread.
class AfPacketDrops {
 public:
  explicit AfPacketDrops(const std::string& interface);

  /// Packets dropped since the sockets were opened.
  [[nodiscard]] std::uint64_t total();

 private:
  unsigned interface_index_;
  std::mutex mutex_;
  std::uint64_t total_ = 0;
};

}  // namespace esc::dpdk
