// SPDX-License-Identifier: BSD-3-Clause
// CRC-32C (Castagnoli; RFC 3720), by ISA-L.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace esc::dlq {

/// To sum up bytes that lie in several pieces, pass the result for the earlier ones as `before`.
/// Any thread.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes,
                                   std::uint32_t before = 0) noexcept;

}  // namespace esc::dlq
