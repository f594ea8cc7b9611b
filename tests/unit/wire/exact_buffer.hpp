// SPDX-License-Identifier: BSD-3-Clause
// A heap block of exactly the size of its contents, so that AddressSanitizer sees the first byte
// read past either end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>

namespace esc::wire::test {

class ExactBuffer {
 public:
  explicit ExactBuffer(std::span<const std::uint8_t> bytes)
      : block_(new std::uint8_t[bytes.size()]), bytes_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), block_.get());
  }
  [[nodiscard]] std::span<const std::uint8_t> span() const { return {block_.get(), bytes_}; }

 private:
  std::unique_ptr<std::uint8_t[]> block_;
  std::size_t bytes_;
};

}  // namespace esc::wire::test
