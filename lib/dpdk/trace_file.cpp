#include "dpdk/trace_file.hpp"

#include <pcap/pcap.h>

#include <array>
#include <string_view>

#include "dpdk/port.hpp"

namespace esc::dpdk {

std::vector<std::string> trace_files(const std::string& device) {
  constexpr std::string_view kKey = "rx_pcap=";
  std::vector<std::string> files;
  for (std::size_t at = device.find(kKey); at != std::string::npos; at = device.find(kKey, at)) {
    at += kKey.size();
    files.push_back(device.substr(at, device.find(',', at) - at));
  }
  return files;
}

bool read_trace(const std::string& path,
                const std::function<void(std::span<const std::uint8_t>)>& each) {
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  pcap_t* file = pcap_open_offline(path.c_str(), error.data());
  if (file == nullptr) return false;
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  while (pcap_next_ex(file, &header, &data) == 1) each({data, header->caplen});
  pcap_close(file);
  return true;
}

std::size_t mbufs_kept_by_driver(const std::string& device) {
  if (!device.starts_with("net_pcap") || device.find("infinite_rx=1") == std::string::npos)
    return 0;
  std::size_t packets = 0;
  for (const std::string& file : trace_files(device)) {
    read_trace(file, [&packets](std::span<const std::uint8_t>) { ++packets; });
  }
  return packets;
}

}  // namespace esc::dpdk
