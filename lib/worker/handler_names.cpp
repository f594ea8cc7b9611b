// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>

#include "worker/handler.hpp"
#include "worker/handler_set.hpp"

namespace esc::worker {
namespace {

// In the order of HandlerSet.
constexpr std::array<std::string_view, HandlerSet::kHandlers> kNames = {"count", "null", "fail",
                                                                        "slow"};

}  // namespace

std::span<const std::string_view> handler_names() noexcept {
  return kNames;
}

std::uint16_t handler_index(std::string_view name) noexcept {
  return static_cast<std::uint16_t>(std::find(kNames.begin(), kNames.end(), name) - kNames.begin());
}

}  // namespace esc::worker
