// SPDX-License-Identifier: BSD-3-Clause
#include "datagram_text.hpp"

#include <sstream>
#include <stdexcept>

#include "wire/parser.hpp"
#include "wire/session_cursor.hpp"

namespace esc::wire::test {
namespace {

std::string describe_frame(const FrameView& view, const std::optional<Identity>& identity) {
  if (view.kind == FrameKind::kControl) return "control";
  if (view.kind == FrameKind::kRefused) return std::string(name(view.reason));
  std::ostringstream text;
  text << "event " << int{view.priority} << ' ' << describe_topic(view.topic_view()) << ' '
       << view.payload_bytes;
  if (identity) {
    text << ' ' << identity->producer << '/' << identity->epoch << '/' << identity->sequence;
  }
  return text.str();
}

bool is_plain(std::string_view topic) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_-.$+#";
  return topic.find_first_not_of(kPlain) == std::string_view::npos;
}

}  // namespace

std::string describe_topic(std::string_view topic) {
  if (is_plain(topic)) return std::string(topic);
  std::string text = "hex:";
  for (const char c : topic) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto byte = static_cast<std::uint8_t>(c);
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

std::string describe_datagram(std::span<const std::uint8_t> datagram, const FrameLimits& limits) {
  std::string text;
  SessionCursor cursor;
  for (auto rest = datagram; !rest.empty();) {
    const FrameView view = parse_frame(rest, limits);
    if (view.frame_bytes == 0 || view.frame_bytes > rest.size()) {
      throw std::logic_error("frame_bytes " + std::to_string(view.frame_bytes) + " of " +
                             std::to_string(rest.size()));
    }
    if (view.ends_datagram && view.frame_bytes != rest.size()) {
      throw std::logic_error("a frame that ends the datagram does not reach its end");
    }
    if (!text.empty()) text += "; ";
    text += describe_frame(view, cursor.observe(view));
    rest = rest.subspan(view.frame_bytes);
  }
  return text;
}

}  // namespace esc::wire::test
