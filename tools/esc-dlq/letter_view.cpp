// SPDX-License-Identifier: BSD-3-Clause
#include "esc-dlq/letter_view.hpp"

#include <array>
#include <cstdio>
#include <ctime>

#include "base/reasons.hpp"
#include "base/units.hpp"
#include "wire/byte_order.hpp"
#include "wire/frame.hpp"
#include "wire/ip_prefix.hpp"

namespace esc::dlq_tool {
std::optional<FrameParts> frame_parts(std::span<const std::byte> frame) noexcept {
  constexpr std::size_t kHeadBytes = wire::kLengthBytes + 3;
  if (frame.size() < kHeadBytes) return std::nullopt;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(frame.data());
  const std::size_t length = wire::load_be32(bytes);
  const std::size_t topic = wire::load_be16(bytes + wire::kLengthBytes + 1);
  if (length != frame.size() - wire::kLengthBytes || topic > frame.size() - kHeadBytes)
    return std::nullopt;
  return FrameParts{.priority = bytes[wire::kLengthBytes],
                    .topic = {reinterpret_cast<const char*>(bytes + kHeadBytes), topic},
                    .payload = frame.subspan(kHeadBytes + topic)};
}

std::string reason_name(std::uint8_t reason) {
  if (reason < kDeadReasonNames.size()) return std::string(kDeadReasonNames[reason]);
  return "reason_" + std::to_string(reason);
}

std::string stage_name(dlq::Stage stage) {
  switch (stage) {
    case dlq::Stage::kRx:
      return "rx";
    case dlq::Stage::kTcp:
      return "tcp";
    case dlq::Stage::kDispatch:
      return "dispatch";
    case dlq::Stage::kWorker:
      return "worker";
  }
  return "stage_" + std::to_string(static_cast<unsigned>(stage));  // of a later version
}

std::string peer_text(const dlq::Letter& letter) {
  if ((letter.flags & dlq::kPeerKnown) == 0) return {};
  const wire::IpAddress peer{letter.peer};
  const std::string port = ":" + std::to_string(letter.peer_port);
  return peer.is_v4() ? to_text(peer) + port : "[" + to_text(peer) + "]" + port;
}

std::string source_text(const dlq::Letter& letter) {
  const bool tcp = (letter.flags & dlq::kOverTcp) != 0;
  const std::string queue = std::to_string(letter.queue);
  std::string text =
      tcp ? "connection " + queue : "port " + std::to_string(letter.port) + " queue " + queue;
  if (const std::string peer = peer_text(letter); !peer.empty()) text += " from " + peer;
  return text;
}

std::string time_text(std::uint64_t unix_ns) {
  const auto seconds = static_cast<std::time_t>(unix_ns / kNsPerSecond);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> date{};
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%09lluZ",
                static_cast<unsigned long long>(unix_ns % kNsPerSecond));
  return std::string(date.data()) + fraction.data();
}

std::string hex_text(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<std::size_t>(byte >> 4)];
    text += kDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

}  // namespace esc::dlq_tool
