// SPDX-License-Identifier: BSD-3-Clause
// Reads any bytes as a dead letter, prints it and makes its replay as esc-dlq does. Whatever a
// sender wrote is escaped in the output, the JSON form is valid JSON, and the replay sends the
// frame that was kept, with its own identity.
//
// Input: the record's head without its item head (80 bytes), then the frame.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dlq/record.hpp"
#include "esc-dlq/filter.hpp"
#include "esc-dlq/format.hpp"
#include "esc-dlq/letter_view.hpp"
#include "esc-dlq/replay_batch.hpp"
#include "wire/parser.hpp"
#include "wire/session_cursor.hpp"

namespace {

using namespace esc::dlq;
using namespace esc::dlq_tool;

constexpr std::uint64_t kSegment = 0x2A;
constexpr std::uint64_t kRun = 7;

void require(bool condition) {
  if (!condition) std::abort();
}

/// Requires that the text has no control character except line feeds: neither C0, nor DEL, nor C1
/// as UTF-8.
void harmless(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    require(byte == '\n' || (byte >= 0x20 && byte != 0x7F));
    const bool c1 =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    require(!c1);
  }
}

void prints(const Record& record) {
  const std::string text = format_letter(Form::kText, kSegment, record);
  harmless(text);
  require(std::ranges::count(text, '\n') == 1 && text.back() == '\n');
  harmless(format_letter(Form::kHex, kSegment, record));
  const std::string line = format_letter(Form::kJson, kSegment, record);
  harmless(line);
  require(std::ranges::all_of(line, [](char c) { return static_cast<signed char>(c) > 0; }));
  const auto json = nlohmann::json::parse(line);
  const auto parts = frame_parts(record.frame);
  require(json.at(parts ? "payload_hex" : "frame_hex").get<std::string>() ==
          hex_text(parts ? parts->payload : record.frame));
  const std::string packet = format_letter(Form::kPcap, kSegment, record);
  require(packet.empty() || packet.size() > record.frame.size());
}

void sends(const Record& record) {
  const auto identity = replay_identity(kRun, record);
  require(identity.has_value() == (record.letter.replay_count < esc::wire::kMaxReplayCount));
  if (!identity || !is_event(record.frame)) return;
  ReplayBatch batch(1'452);
  batch.add(*identity, record.frame);
  batch.add(*identity, record.frame);
  require(batch.letters() == 2);
  std::uint64_t letters = 0;
  for (std::size_t i = 0; i < batch.datagrams(); ++i) {
    auto rest = batch.datagram(i).bytes;
    esc::wire::SessionCursor session;
    while (!rest.empty()) {
      const auto view = esc::wire::parse_frame(rest, {});
      require(view.kind != esc::wire::FrameKind::kRefused);
      const auto number = session.observe(view);
      if (view.kind == esc::wire::FrameKind::kEvent) {
        require(number == identity->identity);
        require(session.replay_count() == identity->replay_count);
        require(std::ranges::equal(std::as_bytes(rest.first(view.frame_bytes)), record.frame));
        ++letters;
      }
      rest = rest.subspan(view.frame_bytes);
    }
  }
  require(letters == 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kHeadBytes = sizeof(RecordHead) - sizeof(ItemHead);
  if (size < kHeadBytes || size - kHeadBytes > kMaxFrameBytes) return 0;
  // The item as it would be in a segment, so that the whole input goes through the reader.
  std::vector<std::byte> item(record_bytes(size - kHeadBytes));
  RecordHead head;
  std::memcpy(reinterpret_cast<std::byte*>(&head) + sizeof(ItemHead), data, kHeadBytes);
  const Letter letter{.received_ns = head.received_ns,
                      .died_ns = head.died_ns,
                      .producer = head.producer,
                      .sequence = head.sequence,
                      .epoch = head.epoch,
                      .peer = head.peer,
                      .peer_port = head.peer_port,
                      .port = head.port,
                      .queue = head.queue,
                      .reason = head.reason,
                      .stage = static_cast<Stage>(head.stage),
                      .flags = head.flags,
                      .attempts = head.attempts,
                      .replay_count = head.replay_count};
  const auto frame = std::as_bytes(std::span(data + kHeadBytes, size - kHeadBytes));
  write_record(item.data(), run_seed(kRun), head.id, letter, frame);
  const Item read = read_item(item, run_seed(kRun));
  require(read.fault == ItemFault::kNone && read.record.letter == letter);
  require(std::ranges::equal(read.record.frame, frame));
  prints(read.record);
  sends(read.record);
  Filter filter;
  filter.topic = "a/+/#";
  static_cast<void>(filter.takes(read.record));
  return 0;
}
