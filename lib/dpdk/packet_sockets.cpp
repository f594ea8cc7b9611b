// SPDX-License-Identifier: BSD-3-Clause
#include "dpdk/packet_sockets.hpp"

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/membarrier.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <filesystem>
#include <set>
#include <span>
#include <system_error>

#include "base/number.hpp"

namespace esc::dpdk {
namespace {

using Code = std::uint16_t;
using Offset = std::uint32_t;

constexpr std::array<sock_filter, 1> kTakeNothing = {{{Code{BPF_RET | BPF_K}, 0, 0, 0}}};
constexpr std::array<sock_filter, 4> kTakeIncoming = {{
    {Code{BPF_LD | BPF_W | BPF_ABS}, 0, 0, static_cast<Offset>(SKF_AD_OFF + SKF_AD_PKTTYPE)},
    {Code{BPF_JMP | BPF_JEQ | BPF_K}, 1, 0, PACKET_OUTGOING},
    {Code{BPF_RET | BPF_K}, 0, 0, UINT32_MAX},
    {Code{BPF_RET | BPF_K}, 0, 0, 0},
}};

bool is_packet_socket_on(int fd, const std::set<int>& interfaces) {
  int domain = 0;
  socklen_t length = sizeof domain;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0 || domain != AF_PACKET) {
    return false;
  }
  sockaddr_ll address{};
  length = sizeof address;
  return getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
         interfaces.contains(address.sll_ifindex);
}

void attach(int fd, std::span<const sock_filter> filter) {
  // The kernel copies the program and does not write to it.
  const sock_fprog program{static_cast<unsigned short>(filter.size()),
                           const_cast<sock_filter*>(filter.data())};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
    throw std::system_error(errno, std::generic_category(), "SO_ATTACH_FILTER");
  }
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

PacketSockets::PacketSockets(const std::vector<std::string>& interfaces) {
  std::set<int> indices;
  for (const std::string& interface : interfaces) {
    if (const unsigned index = if_nametoindex(interface.c_str()); index != 0) {
      indices.insert(static_cast<int>(index));
    }
  }
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
    const std::string name = entry.path().filename();
    const auto number = parse_whole(name, {0, INT_MAX});
    if (!number) continue;
    const int fd = static_cast<int>(*number);
    if (is_packet_socket_on(fd, indices)) fds_.push_back(fd);
  }
}

void PacketSockets::take(Take what) {
  for (const int fd : fds_) {
    if (what == Take::kNothing) {
      attach(fd, kTakeNothing);
    } else {
      attach(fd, kTakeIncoming);
    }
  }
  // The kernel filters and stores each packet within an RCU section, and this call waits until
  // every section that began before is over. Kernels with nohz_full do not have the call; there a
  // packet that is being stored at this moment may still get through.
  static_cast<void>(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0));
}

std::uint64_t PacketSockets::drops() {
  const std::lock_guard lock(mutex_);
  for (const int fd : fds_) drops_ += drops_since_last_read(fd);
  return drops_;
}

void PacketSockets::forget_drops() {
  static_cast<void>(drops());
  const std::lock_guard lock(mutex_);
  drops_ = 0;
}

}  // namespace esc::dpdk
