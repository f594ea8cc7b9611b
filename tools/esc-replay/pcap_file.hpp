// SPDX-License-Identifier: BSD-3-Clause
// Traces on disk, by libpcap.
#pragma once

#include <pcap/pcap.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "files/replacement.hpp"

namespace esc::replay {

/// Writes packets of up to 256 KiB, Ethernet. All members throw Error that names the file.
class PcapWriter {
 public:
  /// `nanoseconds`: unit of the time stamps in the file.
  PcapWriter(std::string path, bool nanoseconds);
  PcapWriter(const PcapWriter&) = delete;
  PcapWriter& operator=(const PcapWriter&) = delete;

  void write(std::uint64_t time_ns, std::span<const std::uint8_t> packet);
  /// When this returns the whole trace is in its place. Before, and if it is not called, the old
  /// file is still there: half a trace is worse than none.
  void finish();

 private:
  struct CloseHandle {
    void operator()(pcap_t* handle) const noexcept { pcap_close(handle); }
  };
  struct CloseDump {
    void operator()(pcap_dumper_t* dump) const noexcept { pcap_dump_close(dump); }
  };
  [[noreturn]] void fail() const;

  std::string path_;
  bool nanoseconds_;
  files::Place place_;
  files::Replacement file_;
  std::unique_ptr<pcap_t, CloseHandle> handle_;
  std::unique_ptr<pcap_dumper_t, CloseDump> dump_;
};

/// All packets of a trace in memory, one after the other.
struct PcapContent {
  struct Packet {
    std::uint64_t offset;
    std::uint32_t bytes;
  };
  std::vector<std::uint8_t> bytes;
  std::vector<Packet> packets;
  std::uint64_t cut_short = 0;  ///< packets of which the capture kept only a part

  [[nodiscard]] std::span<const std::uint8_t> packet(std::size_t i) const noexcept {
    return std::span(bytes).subspan(packets[i].offset, packets[i].bytes);
  }
};

/// Throws Error: no such file, no capture, not Ethernet, damaged, empty.
[[nodiscard]] PcapContent read_pcap(const std::string& path);

}  // namespace esc::replay
