// SPDX-License-Identifier: BSD-3-Clause
// The figures of a block as members of a JSON object.
#pragma once

#include <nlohmann/json.hpp>
#include <numeric>
#include <span>
#include <string>

#include "telemetry/figure.hpp"

namespace esc::telemetry {

/// How many units make a second, where the unit is the end of the key: "work_s", "age_ms".
[[nodiscard]] constexpr double per_second(std::string_view key) noexcept {
  if (key.ends_with("_ms")) return 1e3;
  return key.ends_with("_us") ? 1e6 : 1.0;
}

/// Adds to `object` every row except those of Kind::kWord: counts, the sum of a set, times as
/// numbers with a fraction. If the key is there already, the number is added to its value: an RX
/// stage has two kinds of blocks with the same key, and blocks of each kind for each pipeline.
template <class Block>
void add_to(nlohmann::ordered_json& object, const Reading<Block>& reading,
            const Clock& clock = {}) {
  reading.for_each([&](const auto& row, std::span<const std::uint64_t> values) {
    if (row.kind == Kind::kWord) return;
    auto& place = object[std::string(row.json_key())];
    const auto sum = std::accumulate(values.begin(), values.end(), std::uint64_t{0});
    if (is_time(row.unit)) {
      const double before = place.is_null() ? 0 : place.template get<double>();
      place = before + seconds_of(row.unit, sum, clock) * per_second(row.json_key());
    } else {
      place = sum + (place.is_null() ? 0 : place.template get<std::uint64_t>());
    }
  });
}

/// Whether a set's names whose number is 0 are shown too.
enum class Zeros : std::uint8_t { kShown, kLeftOut };

/// A set's numbers as an object, by name.
template <class Row>
[[nodiscard]] nlohmann::ordered_json by_name(const Row& row, std::span<const std::uint64_t> values,
                                             Zeros zeros, const Clock& clock = {}) {
  auto object = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] == 0 && zeros == Zeros::kLeftOut) continue;
    auto& place = object[std::string(row.names[i])];
    if (is_time(row.unit)) {
      place = seconds_of(row.unit, values[i], clock);
    } else {
      place = values[i];
    }
  }
  return object;
}

/// Adds one row to `object`, unless it is of Kind::kWord: a number, or for a set an object with a
/// member for each of its names.
template <class Row>
void add_by_name(nlohmann::ordered_json& object, const Row& row,
                 std::span<const std::uint64_t> values, Zeros zeros, const Clock& clock = {}) {
  if (row.kind == Kind::kWord) return;
  auto& place = object[std::string(row.json_key())];
  if (row.names.empty() && is_time(row.unit)) {
    place = seconds_of(row.unit, values[0], clock) * per_second(row.json_key());
  } else if (row.names.empty()) {
    place = values[0];
  } else {
    place = by_name(row, values, zeros, clock);
  }
}

template <class Block>
[[nodiscard]] nlohmann::ordered_json to_json(const Reading<Block>& reading,
                                             const Clock& clock = {}) {
  auto object = nlohmann::ordered_json::object();
  add_to(object, reading, clock);
  return object;
}

}  // namespace esc::telemetry
