// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/request.hpp"

#include <algorithm>
#include <string>

#include "cli/json_text.hpp"
#include "control/answer.hpp"

namespace esc::app {

// Not a number that has a sign or a fraction, nor a text.
std::uint64_t number_of(const nlohmann::json& request, const char* name, WholeRange range) {
  if (const auto number = cli::whole_member(request, name, range)) return *number;
  throw control::Refusal(std::string("\"") + name + "\" is no number that can be meant",
                         "give " + to_text(range));
}

std::uint64_t count_of(const nlohmann::json& request, const char* name,
                       const control::AnswerSize& size) {
  if (!request.contains(name)) return size.usual;
  return number_of(request, name, {.min = size.least, .max = size.most});
}

std::size_t order_of(const nlohmann::json& request, std::span<const std::string_view> orders,
                     std::string_view what) {
  const auto asked = request.value("by", std::string(orders.front()));
  const auto found = std::ranges::find(orders, asked);
  if (found != orders.end()) return static_cast<std::size_t>(found - orders.begin());
  std::string known;
  for (const std::string_view order : orders) {
    known.append(known.empty() ? "" : ", ").append(order);
  }
  throw control::Refusal("there is no such order of " + std::string(what), "there are: " + known);
}

}  // namespace esc::app
