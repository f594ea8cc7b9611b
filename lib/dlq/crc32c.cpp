// SPDX-License-Identifier: BSD-3-Clause
#include "dlq/crc32c.hpp"

#include <isa-l/crc.h>

#include <algorithm>
#include <climits>

namespace esc::dlq {

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before) noexcept {
  std::uint32_t state = ~before;
  while (!bytes.empty()) {
    const std::span<const std::byte> piece =
        bytes.first(std::min<std::size_t>(bytes.size(), INT_MAX));
    // The function does not write, although its declaration lacks the const.
    auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(piece.data()));
    state = crc32_iscsi(data, static_cast<int>(piece.size()), state);
    bytes = bytes.subspan(piece.size());
  }
  return ~state;
}

}  // namespace esc::dlq
