// SPDX-License-Identifier: BSD-3-Clause
// What a request of the control socket asks for. Each of these throws control::Refusal where it
// asks for nothing that there is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string_view>

#include "base/number.hpp"
#include "control/commands.hpp"

namespace esc::app {

/// The number under that name, which is there.
[[nodiscard]] std::uint64_t number_of(const nlohmann::json& request, const char* name,
                                      WholeRange range);
/// How many entries: the number under that name, or as many as usual.
[[nodiscard]] std::uint64_t count_of(const nlohmann::json& request, const char* name,
                                     const control::AnswerSize& size);
/// Which of the orders "by" names, as an index; without it the first. `what` is ordered.
[[nodiscard]] std::size_t order_of(const nlohmann::json& request,
                                   std::span<const std::string_view> orders, std::string_view what);

}  // namespace esc::app
