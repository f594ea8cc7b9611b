// SPDX-License-Identifier: BSD-3-Clause
// Events with real mbufs under them, as an RX stage would stage them.
#pragma once

#include <rte_mbuf.h>

#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "event/event.hpp"
#include "event/frame_bytes.hpp"
#include "route/topic_hasher.hpp"
#include "support/mbufs.hpp"
#include "wire/encoder.hpp"

namespace esc::test {

inline const route::TopicHasher kHasher{42};

[[nodiscard]] inline std::uint64_t hash_of(std::string_view topic) {
  return kHasher({reinterpret_cast<const std::uint8_t*>(topic.data()), topic.size()});
}

/// An event that owns an mbuf of its own. `number` is its sequence, so that tests can follow it.
[[nodiscard]] inline event::Event make_event(const TestPool& pool, std::string_view topic,
                                             std::uint64_t number, const Bytes& payload) {
  Bytes frame(wire::encoded_frame_bytes(topic.size(), payload.size()));
  if (wire::encode_frame(frame, 3, topic, payload) != frame.size()) {
    throw std::logic_error("no such frame");
  }
  event::Event event{};
  event.mbuf = pool.packet(frame);
  event.topic_hash = hash_of(topic);
  event.sequence = number;
  event.length = static_cast<std::uint16_t>(frame.size() - wire::kLengthBytes);
  event.topic_len = static_cast<std::uint8_t>(topic.size());
  event.priority = 3;
  event.flags = event::kSoleOwner;
  event::set_frame_start(event, rte_pktmbuf_mtod(event.mbuf, const std::uint8_t*));
  return event;
}

[[nodiscard]] inline event::Event make_event(const TestPool& pool, std::string_view topic,
                                             std::uint64_t number = 0,
                                             std::size_t payload_bytes = 8) {
  return make_event(pool, topic, number, Bytes(payload_bytes));
}

/// A second event on the same mbuf: neither owns it alone any more.
[[nodiscard]] inline event::Event share(event::Event& event) {
  rte_mbuf_refcnt_update(event.mbuf, 1);
  event.flags &= static_cast<std::uint8_t>(~event::kSoleOwner);
  return event;
}

}  // namespace esc::test
