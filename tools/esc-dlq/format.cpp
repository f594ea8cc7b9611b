// SPDX-License-Identifier: BSD-3-Clause
#include "esc-dlq/format.hpp"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "config/text.hpp"
#include "esc-dlq/letter_view.hpp"
#include "esc-dlq/pcap_form.hpp"

namespace esc::dlq_tool {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShownPayloadBytes = 32;
constexpr std::size_t kHexLineBytes = 16;

std::string id_text(std::uint64_t segment, std::uint64_t id) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%llx:%llu", static_cast<unsigned long long>(segment),
                static_cast<unsigned long long>(id));
  return text.data();
}

std::string identity_text(const dlq::Letter& letter) {
  if ((letter.flags & dlq::kSequenced) == 0) return {};
  std::string text = " producer " + std::to_string(letter.producer) + " epoch " +
                     std::to_string(letter.epoch) + " sequence " + std::to_string(letter.sequence);
  if (letter.replay_count != 0) text += " replayed " + std::to_string(letter.replay_count);
  return text;
}

std::string frame_text(const dlq::Record& record) {
  const auto parts = frame_parts(record.frame);
  if (!parts) return " no frame, " + std::to_string(record.frame.size()) + " bytes";
  const std::string_view payload(reinterpret_cast<const char*>(parts->payload.data()),
                                 parts->payload.size());
  return " topic " + config::in_quotes(parts->topic) + " priority " +
         std::to_string(parts->priority) + " payload " + std::to_string(payload.size()) +
         " bytes " + config::in_quotes(payload, kShownPayloadBytes);
}

std::string text_line(std::uint64_t segment, const dlq::Record& record) {
  const dlq::Letter& letter = record.letter;
  return id_text(segment, record.id) + " " + time_text(letter.died_ns) + " " +
         reason_name(letter.reason) + " at " + stage_name(letter.stage) + ", " +
         source_text(letter) + identity_text(letter) + frame_text(record) + "\n";
}

std::string json_line(std::uint64_t segment, const dlq::Record& record) {
  const dlq::Letter& letter = record.letter;
  Json out = {{"id", id_text(segment, record.id)},
              {"reason", reason_name(letter.reason)},
              {"stage", stage_name(letter.stage)},
              {"received", time_text(letter.received_ns)},
              {"died", time_text(letter.died_ns)},
              {"transport", (letter.flags & dlq::kOverTcp) != 0 ? "tcp" : "udp"},
              {"port", letter.port},
              {"queue", letter.queue},
              {"attempts", letter.attempts},
              {"replay_count", letter.replay_count}};
  if (const std::string peer = peer_text(letter); !peer.empty()) out["peer"] = peer;
  if ((letter.flags & dlq::kSequenced) != 0) {
    out["producer"] = letter.producer;
    out["epoch"] = letter.epoch;
    out["sequence"] = letter.sequence;
  }
  if (const auto parts = frame_parts(record.frame)) {
    out["priority"] = parts->priority;
    out["topic"] = std::string(parts->topic);
    out["payload_hex"] = hex_text(parts->payload);
  } else {
    out["frame_hex"] = hex_text(record.frame);
  }
  return out.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
}

std::string hex_lines(std::span<const std::byte> bytes) {
  std::string lines;
  std::array<char, 32> text{};
  for (std::size_t at = 0; at < bytes.size(); at += kHexLineBytes) {
    const auto line = bytes.subspan(at, std::min(kHexLineBytes, bytes.size() - at));
    std::snprintf(text.data(), text.size(), "  %08zx ", at);
    lines += text.data();
    std::string shown;
    for (std::size_t i = 0; i < kHexLineBytes; ++i) {
      const unsigned byte = i < line.size() ? std::to_integer<unsigned>(line[i]) : 0;
      std::snprintf(text.data(), text.size(), i < line.size() ? " %02x" : "   ", byte);
      lines += text.data();
      if (i < line.size()) shown += byte >= 0x20 && byte < 0x7F ? static_cast<char>(byte) : '.';
    }
    lines += "  |" + shown + "|\n";
  }
  return lines;
}

}  // namespace

std::string format_letter(Form form, std::uint64_t segment, const dlq::Record& record) {
  if (form == Form::kJson) return json_line(segment, record);
  if (form == Form::kPcap) return pcap_packet(record);
  const std::string line = text_line(segment, record);
  return form == Form::kText ? line : line + hex_lines(record.frame);
}

}  // namespace esc::dlq_tool
