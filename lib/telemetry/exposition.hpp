// SPDX-License-Identifier: BSD-3-Clause
// Figures in Prometheus's text format, version 0.0.4: what `escctl metrics` prints.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "telemetry/figure.hpp"

namespace esc::telemetry {

/// What Prometheus is told of a family of series, as HELP and TYPE. `name` has neither the prefix
/// `escd_` nor a counter's suffix `_total`: "frames_dropped", "lcore_work_seconds". `help` is one
/// line without a full stop.
struct Family {
  std::string_view name;
  std::string_view help;
  Kind kind = Kind::kCounter;

  /// For example "escd_frames_dropped_total". Throws std::logic_error if Prometheus would not
  /// accept the name.
  [[nodiscard]] std::string full_name() const;
};

/// The end of the name of a family whose figures are of that unit.
[[nodiscard]] constexpr std::string_view base_unit(Unit unit) noexcept {
  if (is_time(unit)) return "_seconds";
  if (unit == Unit::kBytes || unit == Unit::kMegabits) return "_bytes";
  return unit == Unit::kPermille ? "_ratio" : "";
}

/// Names and values. A name is [a-z_]+; a value may be any bytes.
using Labels = std::vector<std::pair<std::string_view, std::string>>;

/// Both parts of a name; an empty one is left out.
[[nodiscard]] inline std::string joined(std::string_view first, std::string_view second) {
  const bool both = !first.empty() && !second.empty();
  return std::string(first).append(both ? "_" : "").append(second);
}

/// The Prometheus name of a row, without `escd_` and `_total`: prefix, name, base unit.
template <class Row>
[[nodiscard]] std::string family_name(std::string_view prefix, const Row& row) {
  std::string name = joined(prefix, row.name);
  const std::string_view unit = base_unit(row.unit);
  const bool has_it = name.ends_with(unit);
  return has_it ? name : name.append(unit);
}

/// Collects series and writes them family by family, in the order in which the families were first
/// added. Allocates memory. Throws std::logic_error for what no scraper would accept: a name with a
/// forbidden character, a family with two kinds, a series that is added twice. Thread: one.
class Exposition {
 public:
  /// `common`: labels that every series begins with, before its own.
  explicit Exposition(Labels common = {}) : common_(std::move(common)) {}

  void add(const Family& family, const Labels& labels, std::uint64_t value);
  void add(const Family& family, const Labels& labels, double value);

  /// Adds every row of a block except those of Kind::kWord. A set, and a figure of Kind::kOneOf,
  /// becomes one series for each of its names. `under`: comes before the block's prefix, for the
  /// parts of what another family has as a whole.
  template <class Block>
  void add(const Reading<Block>& reading, const Labels& labels, const Clock& clock,
           std::string_view under = {}) {
    const std::string prefix = joined(under, kFigures<Block>.prefix);
    reading.for_each([&](const auto& row, std::span<const std::uint64_t> values) {
      if (row.kind == Kind::kWord) return;
      const std::string name = family_name(prefix, row);
      const Family family{name, row.help, row.kind};
      if (row.names.empty()) {
        add_in(row.unit, family, labels, values[0], clock);
        return;
      }
      Labels with = labels;
      with.emplace_back(row.label, std::string());
      for (std::size_t i = 0; i < row.names.size(); ++i) {
        with.back().second = row.names[i];
        const std::uint64_t holds = values[0] == i ? 1 : 0;
        add_in(row.unit, family, with, row.kind == Kind::kOneOf ? holds : values[i], clock);
      }
    });
  }

  [[nodiscard]] std::string text() const;

 private:
  struct Entry {
    std::string name;
    std::string help;
    Kind kind = Kind::kCounter;
    std::string lines;
    /// The labels of the series so far, so that none is added twice.
    std::set<std::string, std::less<>> seen;
  };

  void add_in(Unit unit, const Family& family, const Labels& labels, std::uint64_t value,
              const Clock& clock);
  void put(const Family& family, const Labels& labels, const std::string& value);

  Labels common_;
  std::vector<Entry> entries_;
  std::map<std::string, std::size_t, std::less<>> places_;
};

/// The value of a label as it is written between quotes. Backslash, quote and newline are escaped
/// as the format wants. Control characters, and bytes that are not part of valid UTF-8, are written
/// as \xNN with an escaped backslash.
[[nodiscard]] std::string label_text(std::string_view value);

}  // namespace esc::telemetry
