// Reading an event's frame where it lies in the mbuf.
#pragma once

#include <rte_mbuf.h>

#include <cstdint>
#include <span>

#include "event/event.hpp"

namespace esc::event {

/// The frame from its length field on: 4 + length bytes. Valid as long as the event's reference is
/// held.
[[nodiscard]] inline std::span<const std::uint8_t> frame(const Event& event) noexcept {
  const auto* start = static_cast<const std::uint8_t*>(event.mbuf->buf_addr) + event.offset;
  return {start, 4U + event.length};
}

[[nodiscard]] inline std::span<const std::uint8_t> topic(const Event& event) noexcept {
  return frame(event).subspan(7, event.topic_len);
}

[[nodiscard]] inline std::span<const std::uint8_t> payload(const Event& event) noexcept {
  return frame(event).subspan(7U + event.topic_len);
}

}  // namespace esc::event
