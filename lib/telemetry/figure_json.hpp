// SPDX-License-Identifier: BSD-3-Clause
// The figures of a block as members of a JSON object.
#pragma once

#include <nlohmann/json.hpp>
#include <numeric>
#include <span>
#include <string>
#include <utility>

#include "telemetry/figure.hpp"

namespace esc::telemetry {

/// How many units make a second, where the unit is the end of the key, or its begin: "work_s",
/// "age_ms", "us_per_event".
[[nodiscard]] constexpr double per_second(std::string_view key) noexcept {
  if (key.ends_with("_ms")) return 1e3;
  return key.ends_with("_us") || key.starts_with("us_per_") ? 1e6 : 1.0;
}

/// A single number as JSON shows it: a time or a share with a fraction, a flag as true or false, a
/// name if the number is that of one.
template <class Row>
[[nodiscard]] nlohmann::ordered_json shown(const Row& row, std::uint64_t value,
                                           const Clock& clock) {
  const std::string_view key = row.json_key();
  if (row.kind == Kind::kOneOf) return row.names[value];
  if (row.kind == Kind::kFlag) return value != 0;
  if (is_time(row.unit)) return seconds_of(row.unit, value, clock) * per_second(key);
  if (row.unit == Unit::kPermille && key.ends_with("_percent")) {
    return static_cast<double>(value) / 10;
  }
  return value;
}

/// Adds to `object` every row except those of Kind::kWord: counts, the sum of a set, times as
/// numbers with a fraction. If the key is there already, the number is added to its value: an RX
/// stage has two kinds of blocks with the same key, and blocks of each kind for each pipeline.
/// Flags and names are not added up: the last one stands.
template <class Block>
void add_to(nlohmann::ordered_json& object, const Reading<Block>& reading,
            const Clock& clock = {}) {
  reading.for_each([&](const auto& row, std::span<const std::uint64_t> values) {
    if (row.kind == Kind::kWord) return;
    auto& place = object[std::string(row.json_key())];
    const auto sum = std::accumulate(values.begin(), values.end(), std::uint64_t{0});
    auto value = shown(row, sum, clock);
    if (place.is_number() && value.is_number_float()) {
      place = place.template get<double>() + value.template get<double>();
    } else if (place.is_number() && value.is_number()) {
      place = place.template get<std::uint64_t>() + sum;
    } else {
      place = std::move(value);
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
  const bool single = row.names.empty() || row.kind == Kind::kOneOf;
  object[std::string(row.json_key())] =
      single ? shown(row, values[0], clock) : by_name(row, values, zeros, clock);
}

template <class Block>
[[nodiscard]] nlohmann::ordered_json to_json(const Reading<Block>& reading,
                                             const Clock& clock = {}) {
  auto object = nlohmann::ordered_json::object();
  add_to(object, reading, clock);
  return object;
}

}  // namespace esc::telemetry
