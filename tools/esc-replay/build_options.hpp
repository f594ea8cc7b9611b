// SPDX-License-Identifier: BSD-3-Clause
// What `esc-replay build` is asked for: the text of the command line, and what it means.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "esc-replay/distribution.hpp"
#include "esc-replay/malformed.hpp"
#include "esc-replay/topic_set.hpp"
#include "esc-replay/weighted.hpp"
#include "wire/packet_encoder.hpp"

namespace CLI {
class App;
}

namespace esc::replay {

/// How the appliance looks at checksums, for the manifest ("nic" as on a port that gives no
/// verdict).
enum class ChecksumPolicy : std::uint8_t { kVerify, kNic, kOff };

inline constexpr std::uint64_t kMaxTopics = 1U << 24U;
inline constexpr std::uint64_t kMaxSessions = 1U << 24U;
inline constexpr std::uint64_t kMaxWindow = 1U << 30U;

/// As written on the command line; the defaults are those of the program.
struct BuildOptions {
  std::string out;
  std::string manifest_out;  ///< empty: beside `out`, ending in .json
  std::string preset;
  std::string topics_file;
  std::string topics_out;
  std::string routes_out;
  std::string config_out;
  std::string handler = "count";

  std::uint64_t packets = 0;
  std::uint64_t frames = 0;  ///< besides session frames; 0: as many as `packets` hold
  std::uint64_t seed = 1;

  std::uint64_t topics = 0;  ///< 0: 64, or all of the topics file
  double zipf = 1.0;
  std::string topic_bytes = "12-31";
  double unknown_topics = 0;
  std::string payload = "64";
  std::string frames_per_datagram = "1";
  std::string priorities = "0-255";

  std::uint64_t sessions = 0;
  std::uint32_t epoch = 1;
  std::uint64_t first_producer = 1;
  std::uint64_t first_sequence = 0;
  std::string session_count = "exact";
  /// The share of datagrams before which their producer begins an epoch.
  double restarts = 0;
  std::uint64_t window = 4096;  ///< for the manifest; 0: numbered events are not judged

  double loss = 0;
  double duplicates = 0;
  std::uint64_t reorder = 0;  ///< packets that may overtake one
  std::string out_b;          ///< where to write the same feed for a second port; empty: nowhere
  bool complete = false;      ///< every packet arrives at one of the two ports at least

  std::string malformed;
  std::string checksum = "verify";

  unsigned vlan = 0;
  std::string vlan_ids = "100,200";
  double ipv6 = 0;
  double ip_options = 0;
  double no_udp_checksum = 0;
  std::uint16_t udp_port = 9001;
  std::uint16_t src_port = 40000;
  std::uint16_t flows = 64;
  std::string src = "192.0.2.1";
  std::string dst = "192.0.2.2";
  std::string src6 = "2001:db8::1";
  std::string dst6 = "2001:db8::2";
  std::string src_mac = "02:00:00:00:00:01";
  std::string dst_mac = "02:00:00:00:00:02";
  std::uint32_t mtu = 1500;

  double trace_pps = 1e6;
  std::string timestamps = "ns";
  bool quiet = false;

  std::vector<std::string> arguments;  ///< as typed, for the manifest
};

/// Declares every option on `command`; values land in `options`, which must outlive the parse.
void add_build_options(CLI::App& command, BuildOptions& options);

/// The meaning of the options. Immutable while the trace is made; all builder threads read it.
struct BuildPlan {
  BuildOptions options;
  TopicSet topics;
  WeightedChoice topic_choice;
  Distribution payload;
  Distribution frames_per_datagram;
  Distribution priorities;
  MalformedShares malformed;
  ChecksumPolicy checksum = ChecksumPolicy::kVerify;
  wire::UdpPath ipv4_path;  ///< source port and family still to be set per packet
  wire::UdpPath ipv6_path;
};

/// Parses and checks the options; throws Error (usage) that names the option.
[[nodiscard]] BuildPlan make_build_plan(BuildOptions options);

}  // namespace esc::replay
