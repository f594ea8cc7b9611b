// SPDX-License-Identifier: BSD-3-Clause
// What may be wrong with a packet of a trace, and how often.
#pragma once

#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "base/reasons.hpp"
#include "esc-replay/random.hpp"
#include "esc-replay/weighted.hpp"

namespace esc::replay {

/// monostate: nothing is wrong. Otherwise the one thing that is wrong with a frame of the datagram,
/// or with the packet, or what the packet is instead of a datagram.
using Malformed = std::variant<std::monostate, FrameDrop, PacketDrop, NonEvent>;

[[nodiscard]] constexpr bool sound(const Malformed& kind) noexcept {
  return kind.index() == 0;
}
/// The name in the ledger; "sound" if nothing is wrong.
[[nodiscard]] std::string_view name(const Malformed& kind) noexcept;
/// All kinds that a single packet can show: every reason of the wire rules that needs neither a TCP
/// stream nor a pipeline.
[[nodiscard]] std::span<const Malformed> all_malformed() noexcept;

/// The share of packets that have each kind.
class MalformedShares {
 public:
  /// "" or "0" for none; "0.1" spreads a tenth of the packets evenly over all kinds;
  /// "arp=0.01,topic_not_utf8=0.02" names them. Throws Error (usage).
  static MalformedShares parse(std::string_view what, std::string_view text);

  [[nodiscard]] Malformed draw(Random& random) const noexcept;
  /// Whether some packets still hold frames that the ledger counts.
  [[nodiscard]] bool some_frames() const noexcept { return some_frames_; }
  [[nodiscard]] bool any() const noexcept { return kinds_.size() > 1; }

 private:
  std::vector<Malformed> kinds_{Malformed{}};
  WeightedChoice choice_;
  bool some_frames_ = true;
};

}  // namespace esc::replay
