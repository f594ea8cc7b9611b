// SPDX-License-Identifier: BSD-3-Clause
// The traces that net_pcap plays, read as the driver reads them: by libpcap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <variant>

#include "wire/pass_stamps.hpp"

namespace esc::config {

/// What is looked at of a trace before it is played: about a minute's reading. What is damaged
/// behind that shows when it is played (kExitTrace).
inline constexpr std::uint64_t kMostTraceBytes = std::uint64_t{64} << 30U;

struct TraceContent {
  std::uint64_t packets = 0;
  std::uint64_t cut_packets = 0;    ///< of them: those of which the capture kept a part only
  std::uint32_t longest_bytes = 0;  ///< the longest packet, as far as it was kept
  bool whole = true;                ///< false: it has more than kMostTraceBytes

  friend bool operator==(const TraceContent&, const TraceContent&) = default;
};

/// What is in a sound trace, or what is wrong with the file ("it is damaged after packet 3: ...").
using TraceVerdict = std::variant<TraceContent, std::string>;

/// Reads it to its end. Only a regular file is read, of Ethernet frames, with at least one packet,
/// of which none is longer than a packet can be, and which ends where a record ends. The driver of
/// DPDK 22.11 takes every one of these: it plays what stands before the damage, takes any link type
/// for Ethernet, leaks buffers if there is no packet, and cuts the length of a packet to 16 bits.
/// Start-up only.
[[nodiscard]] TraceVerdict judge_trace(
    const std::string& path,
    const std::function<void(std::span<const std::uint8_t>)>& each = nullptr);

/// What a port with `restamp` changes in that trace on each pass, or why it cannot.
using StampsVerdict = std::variant<wire::PassStamps, std::string>;
[[nodiscard]] StampsVerdict trace_stamps(const std::string& path,
                                         wire::PassStampsBuilder::Settings settings);

}  // namespace esc::config
