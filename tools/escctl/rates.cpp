// SPDX-License-Identifier: BSD-3-Clause
#include "escctl/rates.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "escctl/format.hpp"
#include "telemetry/ledger.hpp"

namespace esc::ctl {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kMinColumnWidth = 9;

/// The keys under which a port has what it lost.
std::vector<std::string> loss_keys() {
  std::vector<std::string> keys;
  telemetry::Reading<telemetry::PortLosses>().for_each(
      [&keys](const auto& row, auto) { keys.emplace_back(row.json_key()); });
  return keys;
}

const ordered_json& part(const ordered_json& document, const std::string& name) {
  static const ordered_json none = ordered_json::object();
  if (!document.is_object()) return none;
  const auto found = document.find(name);
  return found != document.end() && found->is_object() ? *found : none;
}

std::optional<double> number(const ordered_json& object, const std::string& key) {
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::optional<double> time_of(const ordered_json& sample) {
  const auto time = number(sample, "time_s");
  return time ? time : number(sample, "uptime_s");
}

/// The list of that name; empty if there is none.
const ordered_json& list(const ordered_json& document, const char* name) {
  static const ordered_json none = ordered_json::array();
  if (!document.is_object()) return none;
  const auto found = document.find(name);
  return found != document.end() && found->is_array() ? *found : none;
}

std::string name_of(const ordered_json& member) {
  const auto found = member.is_object() ? member.find("name") : member.end();
  return member.is_object() && found != member.end() && found->is_string()
             ? found->get<std::string>()
             : "";
}

/// The member of a list that has that name; null if there is none.
const ordered_json& named(const ordered_json& members, const std::string& name) {
  static const ordered_json none;
  const auto found =
      std::ranges::find_if(members, [&](const ordered_json& one) { return name_of(one) == name; });
  return found == members.end() ? none : *found;
}

// The sum of some figures over all members of a part; nothing if no member has any.
std::optional<double> sum(const ordered_json& members, const std::vector<std::string>& keys) {
  std::optional<double> total;
  for (const auto& member : members) {
    for (const std::string& key : keys) {
      if (const auto one = number(member, key)) total = total.value_or(0) + *one;
    }
  }
  return total;
}

class Interval {
 public:
  Interval(const ordered_json& before, const ordered_json& after) {
    const auto from = time_of(before);
    const auto to = time_of(after);
    if (from && to && *to > *from) seconds_ = *to - *from;
  }
  [[nodiscard]] std::optional<double> rate(std::optional<double> from,
                                           std::optional<double> to) const {
    if (!seconds_ || !from || !to || *to < *from) return std::nullopt;
    return (*to - *from) / *seconds_;
  }

 private:
  std::optional<double> seconds_;
};

std::string figure(const RateColumn& column) {
  if (!column.value || !std::isfinite(*column.value)) return "-";
  if (column.heading == "up s") {
    std::array<char, 400> text{};
    const int size = std::snprintf(text.data(), text.size(), "%.1f", *column.value);
    return {text.data(), static_cast<std::size_t>(size)};
  }
  if (*column.value >= 0x1p63) return "-";
  return grouped(static_cast<std::uint64_t>(std::llround(*column.value)));
}

std::string to_the_right(const std::string& text, std::size_t width) {
  return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
}

template <class Text>
std::string line(const std::vector<RateColumn>& columns, Text text) {
  std::string out;
  for (const RateColumn& column : columns) {
    out += (out.empty() ? "" : "  ") +
           to_the_right(text(column), std::max(kMinColumnWidth, column.heading.size()));
  }
  return out + '\n';
}

}  // namespace

std::vector<RateColumn> rates(const ordered_json& before, const ordered_json& after) {
  const Interval interval(before, after);
  std::vector<RateColumn> columns;
  if (const auto up = number(after, "uptime_s")) columns.push_back({"up s", up});
  const ordered_json& stages = list(after, "stages");
  for (const ordered_json& stage : stages) {
    const auto events = number(stage, "events");
    if (!events) continue;
    const auto earlier = number(named(list(before, "stages"), name_of(stage)), "events");
    columns.push_back({safe(name_of(stage)) + " ev/s", interval.rate(earlier, events)});
  }
  if (const auto dropped = sum(stages, {"dropped"})) {
    const auto earlier = sum(list(before, "stages"), {"dropped"});
    columns.push_back({"drops/s", interval.rate(earlier, dropped)});
  }
  const std::vector<std::string> losses = loss_keys();
  if (const auto missed = sum(part(after, "ports"), losses)) {
    columns.push_back({"missed/s", interval.rate(sum(part(before, "ports"), losses), missed)});
  }
  for (const ordered_json& ring : list(after, "rings")) {
    if (const auto depth = number(ring, "depth")) {
      columns.push_back({safe(name_of(ring)) + " ring", depth});
    }
  }
  return columns;
}

std::string heading_line(const std::vector<RateColumn>& columns) {
  return line(columns, [](const RateColumn& column) { return column.heading; });
}

std::string figure_line(const std::vector<RateColumn>& columns) {
  return line(columns, figure);
}

}  // namespace esc::ctl
