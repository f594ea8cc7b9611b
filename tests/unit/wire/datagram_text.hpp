// SPDX-License-Identifier: BSD-3-Clause
// Says what a datagram holds, in the words of the golden vectors.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "wire/frame.hpp"

namespace esc::wire::test {

/// Parses a whole datagram, with its session numbering, into the "expected" column of
/// docs/wire-format.md. Throws std::logic_error when the parser makes no progress or steps outside.
[[nodiscard]] std::string describe_datagram(std::span<const std::uint8_t> datagram,
                                            const FrameLimits& limits);

/// A topic as that column writes it.
[[nodiscard]] std::string describe_topic(std::string_view topic);

}  // namespace esc::wire::test
