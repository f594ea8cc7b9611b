#include "esc-dlq/statistics.hpp"

#include <oneapi/tbb/combinable.h>
#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>
#include <vector>

#include "config/text.hpp"
#include "esc-dlq/letter_view.hpp"

namespace esc::dlq_tool {
namespace {

using Json = nlohmann::ordered_json;
using Lines = std::vector<std::pair<std::string, std::uint64_t>>;

constexpr std::uint64_t kNsOfHour = 3'600'000'000'000;

// The most first; of as many, by name.
Lines first_of(Lines lines, std::size_t top) {
  const auto before = [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  };
  const std::size_t count = std::min(top, lines.size());
  std::partial_sort(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(count), lines.end(),
                    before);
  lines.resize(count);
  return lines;
}

Lines reasons_of(const Statistics& statistics) {
  Lines lines;
  for (std::size_t i = 0; i < statistics.by_reason().size(); ++i) {
    if (statistics.by_reason()[i] != 0)
      lines.emplace_back(reason_name(static_cast<std::uint8_t>(i)), statistics.by_reason()[i]);
  }
  return lines;
}

Lines hours_of(const Statistics& statistics) {
  Lines lines;
  for (const auto& [hour, letters] : statistics.by_hour())
    lines.emplace_back(time_text(hour * kNsOfHour).substr(0, 13), letters);
  return lines;
}

Lines names_of(const Statistics::Named& named) {
  return {named.letters.begin(), named.letters.end()};
}

Json json_of(const Lines& lines, const char* key) {
  Json list = Json::array();
  for (const auto& [name, letters] : lines) list.push_back({{key, name}, {"letters", letters}});
  return list;
}

void print_lines(std::ostream& out, const char* title, const Lines& lines, std::size_t all,
                 std::uint64_t others) {
  out << title << '\n';
  for (const auto& [name, letters] : lines)
    out << "  " << letters << '\t' << config::printable(name) << '\n';
  if (all > lines.size()) out << "  and " << all - lines.size() << " more (--top)\n";
  if (others != 0) out << "  and " << others << " letters of names too many to count\n";
}

}  // namespace

void Statistics::Named::count(std::string&& name, std::uint64_t letters_of_it) {
  const auto known = letters.find(name);
  if (known != letters.end()) {
    known->second += letters_of_it;
  } else if (letters.size() < kMaxNames) {
    letters.emplace(std::move(name), letters_of_it);
  } else {
    others += letters_of_it;
  }
}

void Statistics::count(const dlq::Record& record) {
  ++letters_;
  frame_bytes_ += record.frame.size();
  ++by_reason_[record.letter.reason];
  ++by_hour_[record.letter.died_ns / kNsOfHour];
  const auto parts = frame_parts(record.frame);
  by_topic_.count(std::string(parts ? parts->topic : "(no frame)"));
  by_source_.count(source_text(record.letter));
}

void Statistics::add(const Statistics& other) {
  letters_ += other.letters_;
  frame_bytes_ += other.frame_bytes_;
  for (std::size_t i = 0; i < by_reason_.size(); ++i) by_reason_[i] += other.by_reason_[i];
  for (const auto& [hour, letters] : other.by_hour_) by_hour_[hour] += letters;
  for (const auto& [name, letters] : other.by_topic_.letters)
    by_topic_.count(std::string(name), letters);
  for (const auto& [name, letters] : other.by_source_.letters)
    by_source_.count(std::string(name), letters);
  by_topic_.others += other.by_topic_.others;
  by_source_.others += other.by_source_.others;
}

Statistics gather(const dlq::Folder& folder, const Filter& filter,
                  const std::function<void(std::uint64_t bytes)>& on_read) {
  tbb::enumerable_thread_specific<dlq::SegmentBytes> rooms;
  tbb::combinable<Statistics> parts;
  tbb::parallel_for(std::size_t{0}, folder.segments().size(), [&](std::size_t i) {
    const dlq::SegmentFile& file = folder.segments()[i];
    dlq::for_each_record(folder, file, rooms.local(), [&](const dlq::Record& record) {
      if (filter.takes(record)) parts.local().count(record);
      return true;
    });
    on_read(file.bytes);
  });
  Statistics all;
  parts.combine_each([&](const Statistics& part) { all.add(part); });
  return all;
}

void print_statistics(std::ostream& out, const Statistics& statistics, std::size_t top, bool json) {
  const Lines topics = first_of(names_of(statistics.by_topic()), top);
  const Lines sources = first_of(names_of(statistics.by_source()), top);
  const Lines reasons = first_of(reasons_of(statistics), SIZE_MAX);
  const Lines hours = hours_of(statistics);
  if (json) {
    const Json all = {{"letters", statistics.letters()},
                      {"frame_bytes", statistics.frame_bytes()},
                      {"by_reason", json_of(reasons, "reason")},
                      {"by_topic", json_of(topics, "topic")},
                      {"topics", statistics.by_topic().letters.size()},
                      {"letters_of_other_topics", statistics.by_topic().others},
                      {"by_source", json_of(sources, "source")},
                      {"sources", statistics.by_source().letters.size()},
                      {"letters_of_other_sources", statistics.by_source().others},
                      {"by_hour", json_of(hours, "hour")}};
    out << all.dump(2, ' ', true, Json::error_handler_t::replace) << '\n';
    return;
  }
  out << statistics.letters() << " dead letters, " << statistics.frame_bytes()
      << " bytes of frames\n";
  print_lines(out, "by reason", reasons, reasons.size(), 0);
  print_lines(out, "by topic", topics, statistics.by_topic().letters.size(),
              statistics.by_topic().others);
  print_lines(out, "by source", sources, statistics.by_source().letters.size(),
              statistics.by_source().others);
  print_lines(out, "by hour (UTC)", hours, hours.size(), 0);
}

}  // namespace esc::dlq_tool
