// SPDX-License-Identifier: BSD-3-Clause
#include "escctl/rates.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <span>

#include "escctl/format.hpp"

namespace esc::ctl {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kMinColumnWidth = 9;
constexpr std::array<const char*, 1> kDropped = {"dropped"};
constexpr std::array<const char*, 3> kMissed = {"imissed", "rx_nombuf", "ierrors"};

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

// The sum of some figures over all members of a part; nothing if no member has any.
std::optional<double> sum(const ordered_json& members, std::span<const char* const> keys) {
  std::optional<double> total;
  for (const auto& member : members) {
    for (const char* key : keys) {
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
  const ordered_json& stages = part(after, "stages");
  for (const auto& stage : stages.items()) {
    const auto events = number(stage.value(), "events");
    if (!events) continue;
    const auto earlier = number(part(part(before, "stages"), stage.key()), "events");
    columns.push_back({safe(stage.key()) + " ev/s", interval.rate(earlier, events)});
  }
  if (const auto dropped = sum(stages, kDropped)) {
    const auto earlier = sum(part(before, "stages"), kDropped);
    columns.push_back({"drops/s", interval.rate(earlier, dropped)});
  }
  if (const auto missed = sum(part(after, "ports"), kMissed)) {
    columns.push_back({"missed/s", interval.rate(sum(part(before, "ports"), kMissed), missed)});
  }
  for (const auto& ring : part(after, "rings").items()) {
    if (const auto depth = number(ring.value(), "depth")) {
      columns.push_back({safe(ring.key()) + " ring", depth});
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
