// SPDX-License-Identifier: BSD-3-Clause
// Reading an event's frame where it lies in the mbuf.
#pragma once

#include <rte_mbuf.h>

#include <cstdint>
#include <span>

#include "event/event.hpp"

namespace esc::event {

/// Sets where the event's frame begins: `start`, in the event's mbuf. Most buffers lie right behind
/// their mbuf's header; the frame is then found without a look at that header, which another lcore
/// wrote last.
inline void set_frame_start(Event& event, const std::uint8_t* start) noexcept {
  const auto behind_header =
      reinterpret_cast<std::uintptr_t>(start) - reinterpret_cast<std::uintptr_t>(event.mbuf);
  if (behind_header <= UINT16_MAX && RTE_MBUF_DIRECT(event.mbuf)) [[likely]] {
    event.offset = static_cast<std::uint16_t>(behind_header);
    event.flags |= kBehindHeader;
    return;
  }
  event.offset =
      static_cast<std::uint16_t>(start - static_cast<std::uint8_t*>(event.mbuf->buf_addr));
}

/// The first byte of the frame's length field.
[[nodiscard]] inline const std::uint8_t* frame_start(const Event& event) noexcept {
  if (event.has(kBehindHeader)) [[likely]]
    return reinterpret_cast<const std::uint8_t*>(event.mbuf) + event.offset;
  return static_cast<const std::uint8_t*>(event.mbuf->buf_addr) + event.offset;
}

/// The frame from its length field on: 4 + length bytes. Valid as long as the event's reference is
/// held.
[[nodiscard]] inline std::span<const std::uint8_t> frame(const Event& event) noexcept {
  return {frame_start(event), 4U + event.length};
}

[[nodiscard]] inline std::span<const std::uint8_t> topic(const Event& event) noexcept {
  return frame(event).subspan(7, event.topic_len);
}

[[nodiscard]] inline std::span<const std::uint8_t> payload(const Event& event) noexcept {
  return frame(event).subspan(7U + event.topic_len);
}

}  // namespace esc::event
