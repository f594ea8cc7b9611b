// SPDX-License-Identifier: BSD-3-Clause
// From the command line's text to a BuildPlan.
#include <arpa/inet.h>

#include <array>
#include <filesystem>
#include <utility>

#include "base/number.hpp"
#include "esc-replay/build_options.hpp"
#include "esc-replay/datagram_writer.hpp"
#include "esc-replay/error.hpp"
#include "files/same_file.hpp"
#include "wire/encoder.hpp"

namespace esc::replay {
namespace {

constexpr std::uint64_t kMaxFramesPerDatagram =
    8000;  // fewer than the shortest frames that fill a UDP datagram

std::array<std::uint8_t, 16> parse_ip(const char* option, int family, const std::string& text) {
  std::array<std::uint8_t, 16> address{};
  if (inet_pton(family, text.c_str(), address.data()) != 1) {
    throw usage_error(std::string(option) + ": '" + text + "' is not an IPv" +
                      (family == AF_INET ? "4" : "6") + " address");
  }
  return address;
}

std::array<std::uint8_t, 6> parse_mac(const char* option, const std::string& text) {
  std::array<std::uint8_t, 6> mac{};
  const auto parts = split(text, ':');
  bool sound = parts.size() == mac.size();
  for (std::size_t i = 0; sound && i < mac.size(); ++i) {
    const auto byte = parse_hex(parts[i], {0, UINT8_MAX});
    sound = byte && parts[i].size() == 2;
    mac[i] = static_cast<std::uint8_t>(byte.value_or(0));
  }
  if (sound) return mac;
  throw usage_error(std::string(option) + ": '" + text +
                    "' is not a MAC address like 02:00:00:00:00:01");
}

wire::UdpPath make_path(const BuildOptions& o, bool ipv6) {
  wire::UdpPath path;
  path.src_mac = parse_mac("--src-mac", o.src_mac);
  path.dst_mac = parse_mac("--dst-mac", o.dst_mac);
  path.vlan_tags = static_cast<std::uint8_t>(o.vlan);
  const auto ids = split(o.vlan_ids, ',');
  if (o.vlan > ids.size() || ids.size() > path.vlan_ids.size()) {
    throw usage_error("--vlan-ids '" + o.vlan_ids + "': give one id for each of the --vlan tags");
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    path.vlan_ids[i] = static_cast<std::uint16_t>(whole_of("--vlan-ids", ids[i], {0, 4094}));
  }
  path.ipv6 = ipv6;
  path.src_ip = ipv6 ? parse_ip("--src6", AF_INET6, o.src6) : parse_ip("--src", AF_INET, o.src);
  path.dst_ip = ipv6 ? parse_ip("--dst6", AF_INET6, o.dst6) : parse_ip("--dst", AF_INET, o.dst);
  path.src_port = o.src_port;
  path.dst_port = o.udp_port;
  return path;
}

void check_amounts(const BuildPlan& plan) {
  const BuildOptions& o = plan.options;
  if ((o.packets == 0) == (o.frames == 0)) {
    throw usage_error("say how much: --packets N or --frames N (or a --preset), not both");
  }
  if (o.frames != 0 && !plan.malformed.some_frames()) {
    throw usage_error("--frames: with this --malformed no packet holds a frame; use --packets");
  }
  if (o.src_port + o.flows - 1 > 65535) {
    throw usage_error("--flows " + std::to_string(o.flows) +
                      ": the source ports from --src-port on end at 65535");
  }
  const std::uint64_t last_producer = o.first_producer + o.sessions;
  if (last_producer < o.first_producer)
    throw usage_error("--first-producer: the last producer is beyond 2^64 - 1");
}

void check_network(const BuildOptions& o) {
  if (o.loss >= 1) throw usage_error("--loss: with a share of 1 there is no trace");
  if (o.restarts > 0 && o.sessions == 0)
    throw usage_error("--restarts: only producers of --sessions have epochs");
  if (o.complete && o.out_b.empty())
    throw usage_error("--complete: needs a second trace, --out-b FILE");
  if (o.out_b.empty()) return;
  if (o.sessions == 0)
    throw usage_error("--out-b: copies are known by their numbers; add --sessions N");
  if (o.restarts > 0)
    throw usage_error("--restarts and --out-b: what is stale would hang on the ports' turns");
}

/// Throws if one file would be used for two purposes.
void check_files(const BuildOptions& o) {
  const std::array<std::pair<const char*, const std::string*>, 7> files = {
      {{"--topics-file", &o.topics_file},
       {"--out", &o.out},
       {"--out-b", &o.out_b},
       {"--manifest", &o.manifest_out},
       {"--topics-out", &o.topics_out},
       {"--routes-out", &o.routes_out},
       {"--config-out", &o.config_out}}};
  for (auto one = files.begin(); one != files.end(); ++one) {
    for (auto other = one + 1; other != files.end(); ++other) {
      if (one->second->empty() || other->second->empty()) continue;
      if (!files::same_file(*one->second, *other->second)) continue;
      throw usage_error(std::string(one->first) + " and " + other->first +
                        " are one file: name another for one of them (without --manifest it is "
                        "--out with the ending .json)");
    }
  }
}

void check_fit(const BuildPlan& plan) {
  const bool wide = plan.options.ipv6 > 0;
  const std::size_t room = datagram_room(plan, wide, plan.options.ip_options > 0);
  const std::size_t frame =
      wire::encoded_frame_bytes(plan.topics.longest_bytes(), plan.payload.highest());
  const std::size_t session = plan.options.sessions > 0 ? wire::kSessionFrameBytes : 0;
  if (frame + session > room) {
    throw usage_error("--payload reaches " + std::to_string(plan.payload.highest()) +
                      " bytes: with its frame" + (session > 0 ? " and session frame" : "") +
                      " that is " + std::to_string(frame + session) + " bytes, and --mtu " +
                      std::to_string(plan.options.mtu) + " leaves " + std::to_string(room) +
                      "; raise --mtu or lower --payload");
  }
}

}  // namespace

BuildPlan make_build_plan(BuildOptions options) {
  BuildPlan plan;
  if (options.frames != 0 && !options.preset.empty()) options.packets = 0;
  if (options.manifest_out.empty()) {
    options.manifest_out = std::filesystem::path(options.out).replace_extension(".json").string();
  }
  check_files(options);

  const auto topic_bytes =
      Distribution::parse("--topic-bytes", options.topic_bytes, 1, wire::kMaxTopicBytes);
  plan.topics =
      options.topics_file.empty()
          ? TopicSet::generate(options.topics == 0 ? 64 : options.topics, topic_bytes, options.seed)
          : TopicSet::read(options.topics_file, options.topics, topic_bytes, options.seed);
  plan.topic_choice = zipf(plan.topics.listed().size(), options.zipf);
  plan.payload = Distribution::parse("--payload", options.payload, 0, 65000);
  plan.frames_per_datagram = Distribution::parse(
      "--frames-per-datagram", options.frames_per_datagram, 1, kMaxFramesPerDatagram);
  plan.priorities = Distribution::parse("--priorities", options.priorities, 0, 255);
  plan.malformed = MalformedShares::parse("--malformed", options.malformed);
  plan.checksum = options.checksum == "verify" ? ChecksumPolicy::kVerify
                  : options.checksum == "nic"  ? ChecksumPolicy::kNic
                                               : ChecksumPolicy::kOff;
  plan.ipv4_path = make_path(options, false);
  plan.ipv6_path = make_path(options, true);
  plan.options = std::move(options);
  check_amounts(plan);
  check_network(plan.options);
  check_fit(plan);
  return plan;
}

}  // namespace esc::replay
