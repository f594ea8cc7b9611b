// SPDX-License-Identifier: BSD-3-Clause
// Packets, and pcap files of them, for ports that read one.
#pragma once

#include <pcap/pcap.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/mbufs.hpp"
#include "wire/encoder.hpp"
#include "wire/packet_encoder.hpp"

namespace esc::test {

/// One frame.
[[nodiscard]] inline Bytes frame_of(std::string_view topic, std::size_t payload_bytes) {
  Bytes frame(wire::encoded_frame_bytes(topic.size(), payload_bytes));
  if (wire::encode_frame(frame, 1, topic, Bytes(payload_bytes)) != frame.size()) {
    throw std::logic_error("no such frame");
  }
  return frame;
}

/// A UDP packet to port 9001 around frames.
[[nodiscard]] inline Bytes packet_around(std::initializer_list<Bytes> frames) {
  Bytes payload;
  for (const Bytes& frame : frames) payload.insert(payload.end(), frame.begin(), frame.end());
  wire::UdpPath path;
  path.src_ip = {10, 0, 0, 1};
  path.dst_ip = {10, 0, 0, 2};
  path.src_port = 40000;
  path.dst_port = 9001;
  Bytes packet(wire::udp_overhead_bytes(path) + payload.size());
  if (wire::encode_udp_packet(packet, path, payload) != packet.size()) {
    throw std::logic_error("no such packet");
  }
  return packet;
}

/// A pcap file that lives as long as this does.
class TraceFile {
 public:
  explicit TraceFile(std::span<const Bytes> packets)
      : path_(std::filesystem::temp_directory_path() / ("esc-trace-" + std::to_string(getpid()) +
                                                        "-" + std::to_string(next()++) + ".pcap")) {
    pcap_t* format = pcap_open_dead(DLT_EN10MB, 65535);
    pcap_dumper_t* file = pcap_dump_open(format, path_.c_str());
    if (file == nullptr) throw std::runtime_error("cannot write " + path_.string());
    for (const Bytes& packet : packets) {
      pcap_pkthdr header{};
      header.caplen = header.len = static_cast<bpf_u_int32>(packet.size());
      pcap_dump(reinterpret_cast<u_char*>(file), &header, packet.data());
    }
    pcap_dump_close(file);
    pcap_close(format);
  }
  ~TraceFile() { std::filesystem::remove(path_); }
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;

  [[nodiscard]] std::string path() const { return path_; }

 private:
  static int& next() {
    static int number = 0;
    return number;
  }
  std::filesystem::path path_;
};

}  // namespace esc::test
