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

/// What is said of a family of series: HELP and TYPE. `name` is whole but for `escd_` before it and
/// `_total` after a counter's: "frames_dropped", "lcore_work_seconds". `help` is one line without a
/// full stop.
struct Family {
  std::string_view name;
  std::string_view help;
  Kind kind = Kind::kCounter;

  /// "escd_frames_dropped_total". Throws std::logic_error if Prometheus would not take it.
  [[nodiscard]] std::string full_name() const;
};

/// Names and values. A name is [a-z_]+; a value may be any bytes.
using Labels = std::vector<std::pair<std::string_view, std::string>>;

/// The Prometheus name of a row, without `escd_` and `_total`: prefix, name, base unit.
template <class Row>
[[nodiscard]] std::string family_name(std::string_view prefix, const Row& row) {
  std::string name = std::string(prefix) + '_' + std::string(row.name);
  const std::string_view unit = is_time(row.unit)          ? "_seconds"
                                : row.unit == Unit::kBytes ? "_bytes"
                                                           : "";
  const bool has_it = name.ends_with(unit);
  return has_it ? name : name.append(unit);
}

/// Collects series and writes them family by family, in the order in which the families first came.
/// Allocates; throws std::logic_error for what no scraper would take: a name with a strange letter,
/// a family that is two kinds, a series that comes twice. Thread: one.
class Exposition {
 public:
  /// `common`: labels that every series begins with.
  explicit Exposition(Labels common = {}) : common_(std::move(common)) {}

  void add(const Family& family, const Labels& labels, std::uint64_t value);
  void add(const Family& family, const Labels& labels, double value);

  /// Every row of a block that is for people, words left out. A set becomes one series for each of
  /// its names.
  template <class Block>
  void add(const Reading<Block>& reading, const Labels& labels, const Clock& clock) {
    reading.for_each([&](const auto& row, std::span<const std::uint64_t> values) {
      if (row.kind == Kind::kWord) return;
      const std::string name = family_name(kFigures<Block>.prefix, row);
      const Family family{name, row.help, row.kind};
      if (row.names.empty()) {
        add_in(row.unit, family, labels, values[0], clock);
        return;
      }
      Labels with = labels;
      with.emplace_back(row.label, std::string());
      for (std::size_t i = 0; i < values.size(); ++i) {
        with.back().second = row.names[i];
        add_in(row.unit, family, with, values[i], clock);
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
    std::set<std::string, std::less<>> seen;  ///< labels, so that none comes twice
  };

  void add_in(Unit unit, const Family& family, const Labels& labels, std::uint64_t value,
              const Clock& clock);
  void put(const Family& family, const Labels& labels, const std::string& value);

  Labels common_;
  std::vector<Entry> entries_;
  std::map<std::string, std::size_t, std::less<>> places_;
};

/// A label's value between its quotes: backslash, quote and newline escaped as the format wants it;
/// what is not UTF-8, byte by byte, and control characters as \xNN, with the backslash escaped.
[[nodiscard]] std::string label_text(std::string_view value);

}  // namespace esc::telemetry
