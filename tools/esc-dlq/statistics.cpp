// SPDX-License-Identifier: BSD-3-Clause
#include "esc-dlq/statistics.hpp"

#include <oneapi/tbb/combinable.h>
#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <ostream>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/text.hpp"
#include "esc-dlq/letter_view.hpp"

namespace esc::dlq_tool {
namespace {

using Json = nlohmann::ordered_json;
using Lines = std::vector<std::pair<std::string, std::uint64_t>>;

/// The bytes by which sources are told apart. It has no padding, since its bytes are a key.
struct Source {
  std::array<std::uint8_t, 16> peer;
  std::uint16_t peer_port;
  std::uint16_t port;
  std::uint16_t queue;
  std::uint16_t flags;
};
static_assert(std::has_unique_object_representations_v<Source>);

constexpr std::uint64_t kNsOfHour = 3'600'000'000'000;

// Sorted by number, the largest first; equal ones by name.
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

Lines topics_of(const Statistics& statistics) {
  const auto& letters = statistics.by_topic().letters;
  return {letters.begin(), letters.end()};
}

Lines sources_of(const Statistics& statistics) {
  Lines lines;
  for (const auto& [key, letters] : statistics.by_source().letters)
    lines.emplace_back(Statistics::source_of(key), letters);
  return lines;
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
    out << "  " << letters << '\t' << config::field_text(name) << '\n';
  if (all > lines.size()) out << "  and " << all - lines.size() << " more (--top)\n";
  if (others != 0) out << "  and " << others << " letters of names too many to count\n";
}

}  // namespace

void Statistics::Named::count(std::string_view name, std::uint64_t letters_of_it) {
  // Consecutive letters often have the same topic, and nearly always the same source.
  if (last_ != nullptr && last_->first == name) {
    last_->second += letters_of_it;
    return;
  }
  const auto known = letters.find(name);
  if (known != letters.end()) {
    known->second += letters_of_it;
    last_ = &*known;
  } else if (letters.size() < kMaxNames) {
    letters.emplace(name, letters_of_it);
  } else {
    others += letters_of_it;
  }
}

void Statistics::count(const dlq::Record& record) {
  ++letters_;
  frame_bytes_ += record.frame.size();
  ++by_reason_[record.letter.reason];
  const std::uint64_t hour = record.letter.died_ns / kNsOfHour;
  if (letters_of_hour_ == nullptr || hour != hour_) {
    hour_ = hour;
    letters_of_hour_ = &by_hour_[hour];
  }
  ++*letters_of_hour_;
  const auto parts = frame_parts(record.frame);
  by_topic_.count(parts ? parts->topic : "(no frame)");
  const Source source{
      .peer = record.letter.peer,
      .peer_port = record.letter.peer_port,
      .port = record.letter.port,
      .queue = record.letter.queue,
      .flags = static_cast<std::uint16_t>(record.letter.flags & (dlq::kPeerKnown | dlq::kOverTcp))};
  by_source_.count({reinterpret_cast<const char*>(&source), sizeof source});
}

std::string Statistics::source_of(std::string_view key) {
  Source source;
  std::memcpy(&source, key.data(), sizeof source);
  dlq::Letter letter;
  letter.peer = source.peer;
  letter.peer_port = source.peer_port;
  letter.port = source.port;
  letter.queue = source.queue;
  letter.flags = static_cast<std::uint8_t>(source.flags);
  return source_text(letter);
}

void Statistics::add(const Statistics& other) {
  letters_ += other.letters_;
  missing_.add(other.missing_);
  frame_bytes_ += other.frame_bytes_;
  for (std::size_t i = 0; i < by_reason_.size(); ++i) by_reason_[i] += other.by_reason_[i];
  for (const auto& [hour, letters] : other.by_hour_) by_hour_[hour] += letters;
  for (const auto& [name, letters] : other.by_topic_.letters) by_topic_.count(name, letters);
  for (const auto& [name, letters] : other.by_source_.letters) by_source_.count(name, letters);
  by_topic_.others += other.by_topic_.others;
  by_source_.others += other.by_source_.others;
}

Statistics gather(const dlq::Folder& folder, const Filter& filter,
                  const std::function<void(std::uint64_t bytes)>& on_read) {
  tbb::enumerable_thread_specific<dlq::SegmentBytes> rooms;
  tbb::combinable<Statistics> parts;
  tbb::parallel_for(std::size_t{0}, folder.segments().size(), [&](std::size_t i) {
    const dlq::SegmentFile& file = folder.segments()[i];
    Statistics& part = parts.local();
    part.count(dlq::for_each_record(folder, file, rooms.local(), [&](const dlq::Record& record) {
      if (filter.takes(record)) part.count(record);
      return true;
    }));
    on_read(file.bytes);
  });
  Statistics all;
  parts.combine_each([&](const Statistics& part) { all.add(part); });
  return all;
}

void print_statistics(std::ostream& out, const Statistics& statistics, std::size_t top, bool json) {
  const Lines topics = first_of(topics_of(statistics), top);
  const Lines sources = first_of(sources_of(statistics), top);
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
                      {"by_hour", json_of(hours, "hour")},
                      {"segments_unreadable", statistics.missing().unreadable},
                      {"segments_damaged", statistics.missing().damaged}};
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
