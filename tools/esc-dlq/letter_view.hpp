// SPDX-License-Identifier: BSD-3-Clause
// Puts a record into words: takes its frame apart and names its numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "dlq/record.hpp"

namespace esc::dlq_tool {

/// The parts of a frame, where it lies. Bytes on a disk may be anything; nullopt if they are no
/// frame.
struct FrameParts {
  std::uint8_t priority = 0;
  std::string_view topic;
  std::span<const std::byte> payload;
};
[[nodiscard]] std::optional<FrameParts> frame_parts(std::span<const std::byte> frame) noexcept;

/// Names; a number that only a newer version knows becomes "reason_17" or "stage_9".
[[nodiscard]] std::string reason_name(std::uint8_t reason);
[[nodiscard]] std::string stage_name(dlq::Stage stage);
/// "port 0 queue 3", "port 0 queue 3 from 192.0.2.1:40000"; tcp: "listener", "connection".
[[nodiscard]] std::string source_text(const dlq::Letter& letter);
/// "192.0.2.1:40000", "[2001:db8::1]:40000"; empty: not known.
[[nodiscard]] std::string peer_text(const dlq::Letter& letter);
/// RFC 3339 in UTC, with nanoseconds.
[[nodiscard]] std::string time_text(std::uint64_t unix_ns);
[[nodiscard]] std::string hex_text(std::span<const std::byte> bytes);

}  // namespace esc::dlq_tool
