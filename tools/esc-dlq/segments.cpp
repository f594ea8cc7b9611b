// SPDX-License-Identifier: BSD-3-Clause
#include "esc-dlq/segments.hpp"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

#include "base/errno_text.hpp"
#include "config/text.hpp"
#include "dlq/soundness.hpp"
#include "esc-dlq/letter_view.hpp"

namespace esc::dlq_tool {
namespace {

using Json = nlohmann::ordered_json;

std::string state_text(const dlq::ScannedSegment& segment) {
  switch (segment.found.state) {
    case dlq::SegmentState::kSound:
      return segment.found.cut ? "cut" : std::string(name(segment.found.end));
    case dlq::SegmentState::kNotBegun:
      return segment.error != 0 ? "unreadable" : "not_begun";
    case dlq::SegmentState::kDamaged:
      return "damaged_header";
    case dlq::SegmentState::kForeign:
      return "foreign";
    case dlq::SegmentState::kNewer:
      return "newer_version";
  }
  return "?";
}

Json json_of(const dlq::ScannedSegment& segment) {
  const dlq::FoundSegment& found = segment.found;
  Json out = {{"segment", dlq::segment_name(segment.file.number)},
              {"bytes", segment.file.bytes},
              {"state", state_text(segment)},
              {"records", found.records},
              {"kept_bytes", found.kept_bytes},
              {"records_behind_damage", found.records_behind}};
  if (segment.error != 0) out["error"] = errno_text(segment.error);
  if (found.state == dlq::SegmentState::kNewer) out["version"] = found.version;
  if (found.state == dlq::SegmentState::kSound) {
    out["instance"] = found.header.instance;
    out["created"] = time_text(found.header.created_ns);
    out["first_id"] = found.header.first_id;
    out["bytes_by_header"] = found.header.bytes;
  }
  if (found.records != 0) {
    out["first_died"] = time_text(found.first_died_ns);
    out["last_died"] = time_text(found.last_died_ns);
  }
  return out;
}

std::string line_of(const dlq::ScannedSegment& segment) {
  const dlq::FoundSegment& found = segment.found;
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), "%s %10llu records %12llu bytes  %-15s",
                dlq::segment_name(segment.file.number).c_str(),
                static_cast<unsigned long long>(found.records),
                static_cast<unsigned long long>(found.kept_bytes), state_text(segment).c_str());
  std::string line = text.data();
  if (found.records != 0)
    line += " " + time_text(found.first_died_ns) + " .. " + time_text(found.last_died_ns);
  if (found.state == dlq::SegmentState::kSound)
    line += " of " + config::in_quotes(found.header.instance);
  return line + "\n";
}

}  // namespace

void print_list(std::ostream& out, const dlq::Folder& folder,
                std::span<const dlq::ScannedSegment> segments, bool json) {
  if (json) {
    Json list = Json::array();
    for (const auto& segment : segments) list.push_back(json_of(segment));
    const Json all = {{"segments", list}, {"spares", folder.spares().size()}};
    out << all.dump(2, ' ', true, Json::error_handler_t::replace) << '\n';
    return;
  }
  for (const auto& segment : segments) out << line_of(segment);
  out << segments.size() << " segments, " << folder.spares().size() << " spare\n";
}

bool print_verdict(std::ostream& out, std::span<const dlq::ScannedSegment> segments, bool json) {
  std::array<std::uint64_t, 3> count{};
  std::uint64_t records = 0;
  Json list = Json::array();
  for (const auto& segment : segments) {
    const dlq::Soundness sound = dlq::soundness_of(segment);
    ++count[static_cast<std::size_t>(sound)];
    records += segment.found.records;
    if (sound == dlq::Soundness::kSound) continue;
    if (json) {
      list.push_back(json_of(segment));
    } else {
      out << (sound == dlq::Soundness::kTorn ? "torn    " : "DAMAGED ")
          << dlq::complaint_of(segment) << '\n';
    }
  }
  const auto damaged = count[static_cast<std::size_t>(dlq::Soundness::kDamaged)];
  const auto torn = count[static_cast<std::size_t>(dlq::Soundness::kTorn)];
  if (json) {
    const Json all = {{"segments", segments.size()},
                      {"records", records},
                      {"torn", torn},
                      {"damaged", damaged},
                      {"complaints", list}};
    out << all.dump(2, ' ', true, Json::error_handler_t::replace) << '\n';
  } else {
    out << segments.size() << " segments, " << records << " dead letters; " << torn
        << " segments end in what was never durable, " << damaged << " are damaged\n";
  }
  return damaged == 0;
}

}  // namespace esc::dlq_tool
