// SPDX-License-Identifier: BSD-3-Clause
#include "dpdk/probe_fix.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "base/errno_text.hpp"
#include "base/number.hpp"
#include "dpdk/port.hpp"

namespace esc::dpdk {
namespace {

constexpr const char* kMemifDefaultSocket = "/run/memif.sock";

/// Takes the next word off a line.
std::string_view take_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size());
  return word;
}

/// Whether a UNIX socket of that name accepts connections ("@name" for an abstract one). It reads
/// the kernel's table instead of connecting, since net_memif of DPDK 22.11 aborts its process when
/// a client connects and hangs up at once.
bool somebody_listens(const std::string& name) {
  constexpr std::uint64_t kAcceptsConnections = 0x10000;  // __SO_ACCEPTCON
  std::ifstream table("/proc/net/unix");
  std::string line;
  std::getline(table, line);  // the heading
  while (std::getline(table, line)) {
    // Slot, references, protocol, flags, type, state, inode; behind them the path.
    std::string_view rest = line;
    for (int skipped = 0; skipped < 3; ++skipped) (void)take_word(rest);
    const auto flags = parse_hex(take_word(rest));
    for (int skipped = 0; skipped < 3; ++skipped) (void)take_word(rest);
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    if (rest == name && flags && (*flags & kAcceptsConnections) != 0) return true;
  }
  return false;
}

}  // namespace

std::string device_argument(const std::string& device, const std::string& key) {
  const std::size_t at = device.find("," + key + "=");
  if (at == std::string::npos) return {};
  const std::size_t from = at + key.size() + 2;
  return device.substr(from, device.find(',', from) - from);
}

std::optional<topology::Problem> memif_problem(const std::string& device) {
  if (!device.starts_with("net_memif") && !device.starts_with("eth_memif")) return std::nullopt;
  std::string path = device_argument(device, "socket");
  if (path.empty()) path = kMemifDefaultSocket;
  const bool abstract = device_argument(device, "socket-abstract") != "no";
  const std::string role = device_argument(device, "role");
  if (role != "server" && role != "master") return std::nullopt;
  if (somebody_listens((abstract ? "@" : "") + path)) {
    return topology::Problem{"", "another process is the server of " + path + " already",
                             "stop it, name another socket= or make this port role=client"};
  }
  if (abstract) return std::nullopt;
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0) {
    return topology::Problem{
        "", path + " exists and no process of this network namespace listens on it",
        "remove it if none does, or name another socket="};
  }
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  if (faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0) return std::nullopt;
  return topology::Problem{
      "", "no socket can be made in " + folder + ": " + errno_text(errno),
      "make the directory and let this user write there, or name another socket="};
}

std::string probe_fix(const PortSettings& settings) {
  if (settings.pci) {
    return "DPDK has no driver for this card, or the driver could not start it: the DPDK lines "
           "above say which";
  }
  if (settings.device.starts_with("net_pcap")) {
    return "check that the trace named by rx_pcap= exists and is a pcap file";
  }
  if (settings.device.starts_with("net_af_packet") || settings.device.starts_with("net_af_xdp")) {
    return "check that iface= names an interface of this network namespace, that no other process "
           "has its queues, and that "
           "escd has CAP_NET_RAW and CAP_NET_ADMIN";
  }
  if (settings.device.starts_with("net_memif")) {
    const auto problem = memif_problem(settings.device);
    return problem ? problem->what + ": " + problem->fix
                   : "check role=, id= and socket=; the DPDK lines above say what it disliked";
  }
  return "check the driver's name and its arguments; the DPDK lines above say what it disliked";
}

std::string queue_fix(const PortSettings& settings, std::size_t pool_mbufs) {
  if (settings.device.starts_with("net_af_xdp")) {
    return "the DPDK lines above say why. If the interface's driver has no XDP of its own, take "
           "net_af_packet; if the queue is in use, end who has it";
  }
  return "raise port.pool_mbufs (" + std::to_string(pool_mbufs) +
         " now) or set port.mbuf_data_bytes to the device's largest packet";
}

}  // namespace esc::dpdk
