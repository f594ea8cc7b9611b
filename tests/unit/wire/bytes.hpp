// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

namespace esc::wire::test {

using Bytes = std::vector<std::uint8_t>;

}  // namespace esc::wire::test
