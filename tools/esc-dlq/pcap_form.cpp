// SPDX-License-Identifier: BSD-3-Clause
#include "esc-dlq/pcap_form.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "base/units.hpp"
#include "wire/encoder.hpp"
#include "wire/ip_prefix.hpp"
#include "wire/packet_encoder.hpp"

namespace esc::dlq_tool {
namespace {

// The format is that of libpcap (draft-ietf-opsawg-pcap).
struct FileHead {
  std::uint32_t magic = 0xA1B2'3C4D;  // nanoseconds
  std::uint16_t version_major = 2;
  std::uint16_t version_minor = 4;
  std::uint32_t reserved[2] = {};
  std::uint32_t snap_bytes = 1U << 18U;
  std::uint32_t link_type = 1;  // Ethernet
};
struct PacketHead {
  std::uint32_t seconds = 0;
  std::uint32_t nanoseconds = 0;
  std::uint32_t captured_bytes = 0;
  std::uint32_t packet_bytes = 0;
};
static_assert(sizeof(FileHead) == 24 && sizeof(PacketHead) == 16);

template <class Head>
std::string bytes_of(const Head& head) {
  static_assert(std::has_unique_object_representations_v<Head>);
  return {reinterpret_cast<const char*>(&head), sizeof head};
}

wire::UdpPath path_of(const dlq::Letter& letter) {
  wire::UdpPath path;
  path.src_port = letter.peer_port;
  path.dst_port = kPcapPort;
  if ((letter.flags & dlq::kPeerKnown) == 0) return path;
  path.ipv6 = !wire::IpAddress{letter.peer}.is_v4();
  const std::span<const std::uint8_t> peer(letter.peer);
  std::ranges::copy(path.ipv6 ? peer : peer.last<4>(), path.src_ip.begin());
  return path;
}

std::vector<std::uint8_t> payload_of(const dlq::Record& record) {
  const dlq::Letter& letter = record.letter;
  std::vector<std::uint8_t> payload;
  if ((letter.flags & dlq::kSequenced) != 0) {
    payload.resize(wire::kSessionFrameBytes);
    static_cast<void>(
        wire::encode_session_frame(payload, 0,
                                   {.flags = wire::make_session_flags(false, letter.replay_count),
                                    .count = 1,
                                    .epoch = letter.epoch,
                                    .producer = letter.producer,
                                    .first_sequence = letter.sequence}));
  }
  const auto* frame = reinterpret_cast<const std::uint8_t*>(record.frame.data());
  payload.insert(payload.end(), frame, frame + record.frame.size());
  return payload;
}

}  // namespace

std::string pcap_head() {
  return bytes_of(FileHead{});
}

std::string pcap_packet(const dlq::Record& record) {
  const wire::UdpPath path = path_of(record.letter);
  const std::vector<std::uint8_t> payload = payload_of(record);
  std::vector<std::uint8_t> packet(wire::udp_overhead_bytes(path) + payload.size());
  const std::size_t bytes = wire::encode_udp_packet(packet, path, payload);
  if (bytes == 0) return {};
  const std::uint64_t ns = record.letter.received_ns;
  const PacketHead head{.seconds = static_cast<std::uint32_t>(ns / kNsPerSecond),
                        .nanoseconds = static_cast<std::uint32_t>(ns % kNsPerSecond),
                        .captured_bytes = static_cast<std::uint32_t>(bytes),
                        .packet_bytes = static_cast<std::uint32_t>(bytes)};
  std::string out = bytes_of(head);
  out.append(reinterpret_cast<const char*>(packet.data()), bytes);
  return out;
}

}  // namespace esc::dlq_tool
