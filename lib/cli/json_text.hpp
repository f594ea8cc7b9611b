// SPDX-License-Identifier: BSD-3-Clause
// JSON that another program wrote, read within bounds.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/number.hpp"

namespace esc::cli {

/// A limit, because printing, comparing and copying a document recurse once for each level.
inline constexpr std::size_t kMaxJsonDepth = 64;

/// The document; nullopt: the text is not JSON, or is nested deeper.
[[nodiscard]] std::optional<nlohmann::ordered_json> parse_json(
    std::string_view text, std::size_t max_depth = kMaxJsonDepth);

/// The document as text that a terminal may be shown: ASCII only, whatever bytes its strings have.
/// `indent` < 0: one line.
[[nodiscard]] std::string json_text(const nlohmann::ordered_json& document, int indent = -1);

/// A member that is a whole number without a sign; nullopt: it is something else or out of the
/// range, or `object` is no object or has no such member. nlohmann's get() would turn -1 or 1e300
/// into an arbitrary number.
template <class Json>
[[nodiscard]] std::optional<std::uint64_t> whole_member(const Json& object, const std::string& name,
                                                        WholeRange range = {}) {
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_unsigned()) return std::nullopt;
  const auto value = found->template get<std::uint64_t>();
  if (value < range.min || value > range.max) return std::nullopt;
  return value;
}

}  // namespace esc::cli
