// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/info.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <unordered_map>
#include <vector>

#include "cli/json_text.hpp"
#include "cli/options.hpp"
#include "esc-replay/trace.hpp"
#include "wire/parser.hpp"
#include "wire/session_cursor.hpp"

namespace esc::replay {
namespace {

struct TopicCount {
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;
};

/// The numbered frames of one producer in one epoch, refused ones included.
struct NumberCount {
  std::uint64_t frames = 0;
  std::uint64_t lowest = UINT64_MAX;
  std::uint64_t highest = 0;
};

struct Info {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t cut_short = 0;
  std::uint64_t sequenced = 0;
  std::map<std::string, std::uint64_t> packet_kinds;
  std::map<std::string, std::uint64_t> frame_kinds;
  std::map<std::uint16_t, std::uint64_t> ports;
  std::unordered_map<std::string, TopicCount> topics;
  std::map<std::pair<std::uint64_t, std::uint32_t>, NumberCount> producers;  ///< and epochs
};

void add_frames(Info& info, std::span<const std::uint8_t> payload) {
  const wire::FrameLimits limits;
  wire::SessionCursor cursor;
  while (!payload.empty()) {
    const wire::FrameView frame = wire::parse_frame(payload, limits);
    if (const auto identity = cursor.observe(frame)) {
      ++info.sequenced;
      NumberCount& numbers = info.producers[{identity->producer, identity->epoch}];
      ++numbers.frames;
      numbers.lowest = std::min(numbers.lowest, identity->sequence);
      numbers.highest = std::max(numbers.highest, identity->sequence);
    }
    switch (frame.kind) {
      case wire::FrameKind::kEvent: {
        ++info.frame_kinds["event"];
        TopicCount& topic = info.topics[std::string(frame.topic_view())];
        ++topic.events;
        topic.bytes += frame.payload_bytes;
        break;
      }
      case wire::FrameKind::kControl:
        ++info.frame_kinds["control"];
        break;
      case wire::FrameKind::kRefused:
        ++info.frame_kinds["refused." + std::string(name(frame.reason))];
        break;
    }
    payload = payload.subspan(frame.frame_bytes);
  }
}

void add_packet(Info& info, std::span<const std::uint8_t> packet, const wire::PortSet& ports) {
  static const wire::PortSet any_port = wire::PortSet::all();
  const auto any =
      wire::classify_packet(packet, static_cast<std::uint32_t>(packet.size()), any_port);
  if (any.kind == wire::PacketKind::kDatagram)
    ++info.ports[wire::load_be16(packet.data() + any.udp_offset + 2)];
  const wire::PacketVerdict verdict = classify_fully(packet, ports);
  switch (verdict.kind) {
    case wire::PacketKind::kDatagram:
      ++info.packet_kinds["datagram"];
      return add_frames(info, packet.subspan(verdict.payload_offset, verdict.payload_bytes));
    case wire::PacketKind::kDropped:
      ++info.packet_kinds["dropped." + std::string(name(verdict.drop))];
      return;
    case wire::PacketKind::kNonEvent:
      ++info.packet_kinds["non_event." + std::string(name(verdict.non_event))];
      return;
    case wire::PacketKind::kNeedMoreBytes:
      return;  // cannot happen: the whole packet is there
  }
}

/// Those with the most numbered frames.
nlohmann::ordered_json busiest_producers(const Info& info, std::uint64_t top) {
  std::vector<std::pair<std::pair<std::uint64_t, std::uint32_t>, NumberCount>> all(
      info.producers.begin(), info.producers.end());
  std::ranges::stable_sort(
      all, [](const auto& a, const auto& b) { return a.second.frames > b.second.frames; });
  if (all.size() > top) all.resize(top);
  auto busiest = nlohmann::ordered_json::array();
  for (const auto& [who, numbers] : all) {
    busiest.push_back({{"producer", who.first},
                       {"epoch", who.second},
                       {"frames", numbers.frames},
                       {"lowest", numbers.lowest},
                       {"highest", numbers.highest}});
  }
  return busiest;
}

std::uint64_t count_producers(const Info& info) {
  std::set<std::uint64_t> producers;
  for (const auto& [who, numbers] : info.producers) producers.insert(who.first);
  return producers.size();
}

nlohmann::ordered_json to_json(const Info& info, std::uint64_t top) {
  std::vector<std::pair<std::string, TopicCount>> topics(info.topics.begin(), info.topics.end());
  std::ranges::sort(topics, [](const auto& a, const auto& b) {
    return a.second.events != b.second.events ? a.second.events > b.second.events
                                              : a.first < b.first;
  });
  if (topics.size() > top) topics.resize(top);
  auto busiest = nlohmann::ordered_json::object();
  for (const auto& [topic, count] : topics)
    busiest[topic] = {{"events", count.events}, {"bytes", count.bytes}};
  auto ports = nlohmann::ordered_json::object();
  for (const auto& [port, count] : info.ports) ports[std::to_string(port)] = count;
  return {{"packets", info.packets},
          {"bytes", info.bytes},
          {"cut_short", info.cut_short},
          {"packet_kinds", info.packet_kinds},
          {"udp_ports", ports},
          {"frame_kinds", info.frame_kinds},
          {"sequenced", info.sequenced},
          {"producers", count_producers(info)},
          {"producer_epochs", info.producers.size()},
          {"busiest_producers", busiest_producers(info, top)},
          {"topics", info.topics.size()},
          {"busiest_topics", std::move(busiest)}};
}

}  // namespace

void add_info_options(CLI::App& command, InfoOptions& o) {
  cli::add_text(command, "trace", o.trace, "the trace (pcap, Ethernet)")->required();
  cli::add_number(command, "--udp-port", o.udp_port, "destination port of event datagrams",
                  {1, UINT16_MAX});
  cli::add_number(command, "--top", o.top, "how many topics and producers to name");
  command.add_flag("--json", o.json, "JSON on one line");
}

void run_info(const InfoOptions& options, std::ostream& out) {
  const PcapContent content = read_pcap(options.trace);
  wire::PortSet ports;
  ports.insert(options.udp_port);
  Info info;
  info.packets = content.packets.size();
  info.bytes = content.bytes.size();
  info.cut_short = content.cut_short;
  for (std::size_t i = 0; i < content.packets.size(); ++i)
    add_packet(info, content.packet(i), ports);
  const nlohmann::ordered_json json = to_json(info, options.top);
  out << cli::json_text(json, options.json ? -1 : 2) << '\n';
}

}  // namespace esc::replay
