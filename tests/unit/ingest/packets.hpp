// SPDX-License-Identifier: BSD-3-Clause
// Datagrams and packets around them, for the RX stage's tests.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "support/mbufs.hpp"
#include "wire/encoder.hpp"
#include "wire/packet_encoder.hpp"

namespace esc::test {

inline Bytes frame(std::string_view topic, std::size_t payload_bytes, std::uint8_t priority = 7) {
  Bytes payload(payload_bytes);
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<std::uint8_t>(i);
  Bytes out(wire::encoded_frame_bytes(topic.size(), payload.size()));
  if (wire::encode_frame(out, priority, topic, payload) != out.size())
    throw std::logic_error("frame");
  return out;
}

inline Bytes session(std::uint64_t producer, std::uint64_t first, std::uint16_t count = 0) {
  Bytes out(wire::kSessionFrameBytes);
  const wire::Session session{
      .count = count, .epoch = 3, .producer = producer, .first_sequence = first};
  if (wire::encode_session_frame(out, 0, session) != out.size()) throw std::logic_error("session");
  return out;
}

inline Bytes join(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// A whole packet to UDP port 9001.
inline Bytes packet_of(std::span<const std::uint8_t> payload, bool ipv6 = false,
                       std::uint8_t vlan_tags = 0) {
  wire::UdpPath path;
  path.ipv6 = ipv6;
  path.vlan_tags = vlan_tags;
  path.src_ip = {10, 0, 0, 1};
  path.dst_ip = {10, 0, 0, 2};
  path.src_port = 40000;
  path.dst_port = 9001;
  Bytes out(wire::udp_overhead_bytes(path) + payload.size());
  if (wire::encode_udp_packet(out, path, payload) != out.size()) throw std::logic_error("packet");
  return out;
}

}  // namespace esc::test
