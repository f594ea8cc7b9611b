// SPDX-License-Identifier: BSD-3-Clause
// What the rules of the wire format say of a stream, frame by frame, without an intake; and what an
// intake that is tested against them needs around it.
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "event/frame_bytes.hpp"
#include "event/poison.hpp"
#include "wire/byte_order.hpp"
#include "wire/parser.hpp"
#include "wire/session_cursor.hpp"

namespace esc::test {

/// An event by what it says: its whole frame, and its number.
struct Said {
  std::vector<std::uint8_t> frame;
  std::optional<std::tuple<std::uint64_t, std::uint32_t, std::uint64_t>> number;
  friend bool operator==(const Said&, const Said&) = default;
};

[[nodiscard]] inline Said said_by(const event::Event& event) {
  const auto frame = event::frame(event);
  Said said{{frame.begin(), frame.end()}, {}};
  if (event.has(event::kSequenced)) {
    said.number = std::tuple(event.producer, event.epoch, event.sequence);
  }
  return said;
}

struct StreamReference {
  std::vector<Said> events;
  std::uint64_t control = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(FrameDrop::kCount)> refused{};
  std::uint64_t all_refused = 0;
  bool broken = false;   ///< a length was out of bounds
  std::size_t rest = 0;  ///< bytes of a frame that has begun
};

[[nodiscard]] inline StreamReference read_whole(std::span<const std::uint8_t> stream,
                                                const wire::FrameLimits& limits) {
  StreamReference found;
  wire::SessionCursor session;
  while (!stream.empty() && !found.broken) {
    const std::uint32_t length = stream.size() < 4 ? 0 : wire::load_be32(stream.data());
    const bool in_bounds = length >= wire::kMinLength && length <= limits.max_frame_bytes;
    if (stream.size() < 4 || (in_bounds && length > stream.size() - 4)) break;
    const wire::FrameView view = wire::parse_frame(stream, limits);
    const auto number = session.observe(view);
    if (view.kind == wire::FrameKind::kEvent) {
      Said said{{stream.begin(), stream.begin() + view.frame_bytes}, {}};
      if (number) said.number = std::tuple(number->producer, number->epoch, number->sequence);
      found.events.push_back(std::move(said));
    } else if (view.kind == wire::FrameKind::kControl) {
      ++found.control;
    } else {
      ++found.refused[static_cast<std::size_t>(view.reason)];
      ++found.all_refused;
    }
    found.broken = view.ends_datagram;
    stream = stream.subspan(view.frame_bytes);
  }
  found.rest = found.broken ? 0 : stream.size();
  return found;
}

/// Buffers straight from a pool, for intake::StreamBuffer.
struct FromPool {
  rte_mempool* pool;
  [[nodiscard]] rte_mbuf* take() const { return rte_pktmbuf_alloc(pool); }
  void give(rte_mbuf* mbuf) const { event::free_segment(mbuf); }
};

/// A lane's sink that has room for everything.
struct TakesAll {
  std::vector<event::Event>* events;
  [[nodiscard]] std::size_t push_burst(std::span<const event::Event> burst) {
    events->insert(events->end(), burst.begin(), burst.end());
    return burst.size();
  }
  [[nodiscard]] std::size_t size() const { return 0; }
};

}  // namespace esc::test
