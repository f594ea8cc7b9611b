// SPDX-License-Identifier: BSD-3-Clause
// Reads the traces that net_pcap plays with libpcap, as the driver does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <variant>

#include "wire/pass_stamps.hpp"

namespace esc::config {

/// How much of a trace is read before it is played: about a minute's reading. Damage after that
/// shows when it is played (kExitTrace).
inline constexpr std::uint64_t kMostTraceBytes = std::uint64_t{64} << 30U;

struct TraceContent {
  std::uint64_t packets = 0;
  std::uint64_t cut_packets = 0;    ///< those of `packets` of which the capture kept only a part
  std::uint32_t longest_bytes = 0;  ///< the longest packet, as far as it was kept
  bool whole = true;                ///< false: it has more than kMostTraceBytes

  friend bool operator==(const TraceContent&, const TraceContent&) = default;
};

/// The contents of a valid trace, or what is wrong with the file ("it is damaged after packet 3:
/// ...").
using TraceVerdict = std::variant<TraceContent, std::string>;

/// Reads the trace to its end. A valid trace is a regular file of Ethernet frames with at least one
/// packet, none longer than a packet can be, and it ends at the end of a record. The driver of
/// DPDK 22.11 also accepts traces that break these rules: it plays what comes before the damage,
/// takes any link type for Ethernet, leaks buffers if there is no packet, and cuts the length of a
/// packet to 16 bits. Start-up only.
[[nodiscard]] TraceVerdict judge_trace(
    const std::string& path,
    const std::function<void(std::span<const std::uint8_t>)>& each = nullptr);

/// What a port with `restamp` changes in that trace on each pass, or why it cannot.
using StampsVerdict = std::variant<wire::PassStamps, std::string>;
[[nodiscard]] StampsVerdict trace_stamps(const std::string& path,
                                         wire::PassStampsBuilder::Settings settings);

}  // namespace esc::config
