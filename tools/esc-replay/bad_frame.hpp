// SPDX-License-Identifier: BSD-3-Clause
// Frames that a receiver must refuse, each for one reason.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/reasons.hpp"
#include "esc-replay/random.hpp"

namespace esc::replay {

/// Bytes that a bad frame may need beyond the sound frame it is made from.
inline constexpr std::size_t kBadFrameSlackBytes = 64;

/// The sound frame to start from.
struct FrameParts {
  std::uint8_t priority;
  std::string_view topic;
  std::span<const std::uint8_t> payload;
};

/// Whether a receiver reads nothing after such a frame.
[[nodiscard]] constexpr bool ends_datagram(FrameDrop reason) noexcept {
  return reason == FrameDrop::kLengthOutOfBounds || reason == FrameDrop::kFrameTruncated;
}

/// Writes one of the many forms of a frame refused for `reason`, and returns its bytes. A truncated
/// frame must be the last of its datagram. `out` has room for the sound frame and the slack.
[[nodiscard]] std::size_t write_bad_frame(std::span<std::uint8_t> out, FrameDrop reason,
                                          const FrameParts& parts, Random& random);

}  // namespace esc::replay
