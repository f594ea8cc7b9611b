// SPDX-License-Identifier: BSD-3-Clause
// CRC-32C (Castagnoli; RFC 3720), by ISA-L.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace esc::dlq {

/// Of more bytes than one call takes: `before` is what the bytes before these came to. Any thread.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes,
                                   std::uint32_t before = 0) noexcept;

}  // namespace esc::dlq
