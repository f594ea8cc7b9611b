// SPDX-License-Identifier: BSD-3-Clause
// Checks of the traces that a port plays. A trace that is damaged, or that the driver cannot play
// as it was meant, is refused rather than played in part.
#include "config/checks.hpp"
#include "config/device.hpp"
#include "config/text.hpp"
#include "config/trace.hpp"

namespace esc::config {
namespace {

constexpr std::uint32_t kDefaultDataBytes = 2'048;

std::string shown(const std::string& path) {
  return "trace " + in_quotes(path);
}

/// net_pcap copies every packet of an endless trace into one buffer, and keeps them all.
void check_endless(const Check& check, const PortConfig& port, const std::string& path,
                   const TraceContent& content, const std::string& where) {
  const std::uint32_t room = port.mbuf_data_bytes == 0 ? kDefaultDataBytes : port.mbuf_data_bytes;
  if (content.longest_bytes > room) {
    check.error(where,
                shown(path) + " has a packet of " + std::to_string(content.longest_bytes) +
                    " bytes, and an endless trace's have to fit one buffer of " +
                    std::to_string(room),
                "raise port.mbuf_data_bytes to " + std::to_string(content.longest_bytes) +
                    ", or leave infinite_rx out");
  }
  if (port.restamp == Restamp::kOff) return;
  const StampsVerdict stamps =
      trace_stamps(path, {.what = port.restamp,
                          .udp_ports = port.udp_ports,
                          .first_id = 0,
                          .keep_checksums = port.checksum == Checksum::kVerify});
  if (const auto* problem = std::get_if<std::string>(&stamps)) {
    check.error(where, shown(path) + " cannot be restamped: " + *problem,
                "leave port.restamp out, or build another trace with esc-replay");
  }
}

/// Returns the number of its packets; 0 if the trace is refused.
std::uint64_t check_trace(const Check& check, const PortConfig& port, const std::string& path,
                          const std::string& where) {
  const TraceVerdict verdict = judge_trace(path);
  if (const auto* problem = std::get_if<std::string>(&verdict)) {
    check.error(where, shown(path) + ": " + *problem,
                "write one with esc-replay, or correct rx_pcap");
    return 0;
  }
  const auto& content = std::get<TraceContent>(verdict);
  if (content.cut_packets != 0) {
    check.warning(where,
                  shown(path) + ": of " + std::to_string(content.packets) + " packets " +
                      std::to_string(content.cut_packets) +
                      " were cut when they were captured: their datagrams are ip_truncated",
                  "capture whole packets (tcpdump -s 0)");
  }
  if (!content.whole) {
    check.warning(where,
                  shown(path) + " is larger than what is looked at beforehand (" +
                      std::to_string(kMostTraceBytes >> 30U) + " GiB)",
                  "if it is damaged behind that, escd says so once it has played what is before");
  }
  if (endless(port.device)) check_endless(check, port, path, content, where);
  return content.packets;
}

}  // namespace

void check_traces(const Check& check, const PortConfig& port, const std::string& where) {
  std::uint64_t packets = 0;
  for (const std::string& path : traces(port.device)) {
    packets += check_trace(check, port, path, where);
  }
  if (endless(port.device) && port.pool_mbufs != 0 && packets >= port.pool_mbufs) {
    check.error(where,
                "an endless trace's packets are all kept in buffers: it has " +
                    std::to_string(packets) + ", port.pool_mbufs is " +
                    std::to_string(port.pool_mbufs),
                "leave port.pool_mbufs out, or raise it");
  }
}

}  // namespace esc::config
