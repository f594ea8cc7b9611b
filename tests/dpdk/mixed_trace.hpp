// SPDX-License-Identifier: BSD-3-Clause
// Packets of each kind that matters to the ledger, and the routes that go with them.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <vector>

#include "config/config.hpp"
#include "trace_file.hpp"

namespace esc::test {

/// Two topics that are counted, and one that its handler refuses.
inline std::vector<config::RouteConfig> mixed_routes() {
  using config::Spread;
  return {{.topic = "a", .handler = "count", .spread = Spread::kRoundRobin},
          {.topic = "b", .handler = "count", .spread = Spread::kByTopic},
          {.topic = "refused", .handler = "fail", .spread = Spread::kByTopic}};
}

inline Bytes session_frame() {
  Bytes frame(wire::kSessionFrameBytes);
  if (wire::encode_session_frame(frame, 0, {.count = 2, .epoch = 1, .producer = 9}) !=
      frame.size()) {
    throw std::logic_error("no session frame");
  }
  return frame;
}

/// `rounds` times the same eight packets: one of each kind that matters.
inline std::vector<Bytes> mixed_trace(std::size_t rounds) {
  Bytes arp = packet_around({frame_of("a", 1)});
  arp[12] = 0x08;
  arp[13] = 0x06;
  Bytes spoilt = packet_around({frame_of("a", 1)});
  spoilt.back() ^= 1;
  Bytes control_character = frame_of("b", 2);
  control_character[7] = '\n';
  std::vector<Bytes> packets;
  for (std::size_t i = 0; i < rounds; ++i) {
    packets.push_back(packet_around({frame_of("a", 10)}));
    packets.push_back(packet_around({frame_of("a", 1), frame_of("b", 20), frame_of("refused", 3)}));
    packets.push_back(packet_around({frame_of("unknown", 5)}));
    packets.push_back(packet_around({session_frame(), frame_of("b", 1)}));
    packets.push_back(packet_around({control_character, frame_of("b", 2), Bytes{0, 0, 0}}));
    packets.push_back(packet_around({}));
    packets.push_back(arp);
    packets.push_back(spoilt);
  }
  return packets;
}

}  // namespace esc::test
