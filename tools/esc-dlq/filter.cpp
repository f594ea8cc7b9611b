// SPDX-License-Identifier: BSD-3-Clause
#include "esc-dlq/filter.hpp"

#include <algorithm>
#include <chrono>

#include "base/number.hpp"
#include "base/units.hpp"

namespace esc::dlq_tool {
namespace {

/// Returns the text without its first level; nullopt if it has only one.
std::optional<std::string_view> drop_level(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return text.substr(slash + 1);
}

std::optional<std::uint64_t> seconds_of_unit(char unit) noexcept {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return 86400;
    default:
      return std::nullopt;
  }
}

std::optional<std::uint64_t> parse_ago(std::string_view text, std::uint64_t now_ns) {
  if (text.empty()) return std::nullopt;
  const auto unit = seconds_of_unit(text.back());
  const auto count = parse_whole(text.substr(0, text.size() - 1));
  if (!unit || !count) return std::nullopt;
  if (*count > now_ns / kNsPerSecond / *unit) return 0;
  return now_ns - *count * *unit * kNsPerSecond;
}

}  // namespace

bool topic_matches(std::string_view pattern, std::string_view topic) noexcept {
  // As in the appliance: these are not for patterns that begin with a wildcard.
  if (topic.starts_with('$') && (pattern.starts_with('+') || pattern.starts_with('#')))
    return false;
  std::optional<std::string_view> left = topic;
  std::optional<std::string_view> wanted = pattern;
  while (wanted) {
    const std::string_view level = wanted->substr(0, wanted->find('/'));
    if (level == "#") return true;
    if (!left) return false;
    if (level != "+" && level != left->substr(0, left->find('/'))) return false;
    wanted = drop_level(*wanted);
    left = drop_level(*left);
  }
  return !left;
}

std::uint64_t unix_now_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

std::optional<std::uint64_t> parse_time(std::string_view text, std::uint64_t now_ns) {
  if (const auto ago = parse_ago(text, now_ns)) return ago;
  constexpr std::string_view kForm = "0000-00-00T00:00:00Z";
  if (text.size() != kForm.size()) return std::nullopt;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    if (kForm[i] != '0' && text[i] != kForm[i]) return std::nullopt;
  }
  // 2^64 ns after 1970 is in the year 2554.
  const auto year = parse_whole(text.substr(0, 4), {1970, 2553});
  const auto month = parse_whole(text.substr(5, 2), {1, 12});
  const auto day = parse_whole(text.substr(8, 2), {1, 31});
  const auto hour = parse_whole(text.substr(11, 2), {0, 23});
  const auto minute = parse_whole(text.substr(14, 2), {0, 59});
  const auto second = parse_whole(text.substr(17, 2), {0, 59});
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  const auto days =
      static_cast<std::uint64_t>(std::chrono::sys_days(date).time_since_epoch().count());
  return (((days * 24 + *hour) * 60 + *minute) * 60 + *second) * kNsPerSecond;
}

// One condition a line: a pattern cannot contain the end of a line.
std::string Filter::selection() const {
  std::vector<std::string> sorted = reasons;
  std::ranges::sort(sorted);
  std::string text;
  for (const std::string& reason : sorted) text += "reason " + reason + "\n";
  if (!topic.empty()) text += "topic " + topic + "\n";
  if (producer) text += "producer " + std::to_string(*producer) + "\n";
  if (!since_text.empty()) text += "since " + since_text + "\n";
  if (!until_text.empty()) text += "until " + until_text + "\n";
  return text;
}

bool Filter::takes(const dlq::Record& record) const {
  const dlq::Letter& letter = record.letter;
  if (letter.died_ns < since_ns || letter.died_ns >= until_ns) return false;
  if (producer && ((letter.flags & dlq::kSequenced) == 0 || letter.producer != *producer))
    return false;
  if (!reasons.empty() && std::ranges::find(reasons, reason_name(letter.reason)) == reasons.end())
    return false;
  if (topic.empty()) return true;
  const auto parts = frame_parts(record.frame);
  return parts && topic_matches(topic, parts->topic);
}

}  // namespace esc::dlq_tool
