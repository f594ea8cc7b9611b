#include "esc-dlq/filter.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>

namespace esc::dlq_tool {
namespace {

constexpr std::uint64_t kNsOfSecond = 1'000'000'000;

/// Takes the first level off; what is left, or none.
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
  std::uint64_t count = 0;
  const char* end = text.data() + text.size() - 1;
  const auto [stop, error] = std::from_chars(text.data(), end, count);
  if (!unit || error != std::errc() || stop != end || text.size() < 2) return std::nullopt;
  if (count > now_ns / kNsOfSecond / *unit) return 0;
  return now_ns - count * *unit * kNsOfSecond;
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
  std::tm parts{};
  const std::string copy(text);
  const char* end = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const std::time_t seconds = timegm(&parts);
  if (seconds < 0) return std::nullopt;
  return static_cast<std::uint64_t>(seconds) * kNsOfSecond;
}

// One a line: nothing that may stand in a pattern is a line's end.
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
