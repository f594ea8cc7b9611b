#include "dpdk/af_packet_drops.hpp"

#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <climits>
#include <filesystem>

#include "base/number.hpp"

namespace esc::dpdk {
namespace {

bool is_packet_socket_on(int fd, unsigned interface_index) {
  int domain = 0;
  socklen_t length = sizeof domain;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0 || domain != AF_PACKET) {
    return false;
  }
  sockaddr_ll address{};
  length = sizeof address;
  return getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
         address.sll_ifindex == static_cast<int>(interface_index);
}

std::uint64_t drops_since_last_read(int fd) {
  // The driver's sockets are TPACKET_V2; the third version's structure begins with the same two
  // fields.
  tpacket_stats_v3 stats{};
  socklen_t length = sizeof stats;
  if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length) != 0) return 0;
  return stats.tp_drops;
}

}  // namespace

AfPacketDrops::AfPacketDrops(const std::string& interface)
    : interface_index_(if_nametoindex(interface.c_str())) {}

std::uint64_t AfPacketDrops::total() {
  const std::lock_guard lock(mutex_);
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
    const std::string name = entry.path().filename();
    const auto number = parse_whole(name, {0, INT_MAX});
    if (!number) continue;
    const int fd = static_cast<int>(*number);
    if (is_packet_socket_on(fd, interface_index_)) total_ += drops_since_last_read(fd);
  }
  return total_;
}

}  // namespace esc::dpdk
