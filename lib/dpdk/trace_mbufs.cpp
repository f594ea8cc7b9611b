#include <pcap/pcap.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "dpdk/port.hpp"

namespace esc::dpdk {
namespace {

std::size_t packets_in(const std::string& path) {
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  pcap_t* file = pcap_open_offline(path.c_str(), error.data());
  if (file == nullptr) return 0;
  std::size_t packets = 0;
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  while (pcap_next_ex(file, &header, &data) == 1) ++packets;
  pcap_close(file);
  return packets;
}

}  // namespace

std::size_t mbufs_kept_by_driver(const std::string& device) {
  if (!device.starts_with("net_pcap") || device.find("infinite_rx=1") == std::string::npos)
    return 0;
  constexpr std::string_view kKey = "rx_pcap=";
  std::size_t packets = 0;
  for (std::size_t at = device.find(kKey); at != std::string::npos; at = device.find(kKey, at)) {
    at += kKey.size();
    packets += packets_in(device.substr(at, device.find(',', at) - at));
  }
  return packets;
}

}  // namespace esc::dpdk
