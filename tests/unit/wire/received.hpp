// SPDX-License-Identifier: BSD-3-Clause
// What a receiver reads from the bytes that a sender wrote, with the parser and the session cursor.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "bytes.hpp"
#include "wire/parser.hpp"
#include "wire/session_cursor.hpp"

namespace esc::wire::test {

struct ReceivedEvent {
  std::uint8_t priority = 0;
  std::string topic;
  Bytes payload;
  std::optional<Identity> identity;
  friend bool operator==(const ReceivedEvent&, const ReceivedEvent&) = default;
};

struct Received {
  std::vector<ReceivedEvent> events;
  std::vector<Session> sessions;
};

/// Reads every frame of a datagram, or of a whole stream; none may be refused.
inline void receive(std::span<const std::uint8_t> bytes, Received& into) {
  SessionCursor cursor;
  while (!bytes.empty()) {
    const FrameView frame = parse_frame(bytes, {});
    ASSERT_NE(frame.kind, FrameKind::kRefused);
    const auto identity = cursor.observe(frame);
    if (frame.kind == FrameKind::kControl) {
      into.sessions.push_back(decode_session(frame.payload));
    } else {
      const auto payload = frame.payload_view();
      into.events.push_back({frame.priority, std::string(frame.topic_view()),
                             Bytes(payload.begin(), payload.end()), identity});
    }
    bytes = bytes.subspan(frame.frame_bytes);
  }
}

/// Keeps the datagrams that it takes. Refuses as often as the test says.
struct ScriptedSink {
  std::vector<Bytes>* taken = nullptr;
  int* refusals = nullptr;

  bool operator()(std::span<const std::uint8_t> bytes) const {
    if (refusals != nullptr && *refusals > 0) {
      --*refusals;
      return false;
    }
    taken->emplace_back(bytes.begin(), bytes.end());
    return true;
  }
};

}  // namespace esc::wire::test
