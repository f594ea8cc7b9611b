// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/network.hpp"

#include <algorithm>

#include "esc-replay/random.hpp"

namespace esc::replay {
namespace {

Random draws(const BuildOptions& options, Feed feed, std::uint64_t index) {
  return {options.seed, index, feed == Feed::kA ? Stream::kNetworkA : Stream::kNetworkB};
}

bool drawn_lost(const BuildOptions& options, Feed feed, std::uint64_t index) {
  return draws(options, feed, index).chance(options.loss);
}

}  // namespace

/// If one copy of each packet has to arrive and both would be lost, the two feeds keep the packet
/// by turns.
bool Network::lost(std::uint64_t index) const noexcept {
  if (!drawn_lost(options_, feed_, index)) return false;
  if (!options_.complete) return true;
  const Feed other = feed_ == Feed::kA ? Feed::kB : Feed::kA;
  const Feed keeper = index % 2 == 0 ? Feed::kA : Feed::kB;
  return feed_ != keeper || !drawn_lost(options_, other, index);
}

void Network::send(const PacketPlan& packet, std::vector<PacketPlan>& arrived) {
  if (lost(packet.index)) {
    ++counts_.lost;
  } else {
    Random random = draws(options_, feed_, packet.index);
    static_cast<void>(random.unit());  // this draw decided whether it is lost
    const std::uint64_t due = packet.index + random.below(options_.reorder + 1);
    const bool twice = random.chance(options_.duplicates);
    delay(due, packet);
    if (twice) {
      ++counts_.copies;
      delay(due + random.below(options_.reorder + 1), packet);
    }
  }
  arrive_until(packet.index, arrived);
}

void Network::finish(std::vector<PacketPlan>& arrived) {
  arrive_until(UINT64_MAX, arrived);
}

namespace {

/// Of packets due at the same time, the one sent last arrives first; otherwise no packet would be
/// overtaken by the full number.
struct Later {
  template <class Way>
  bool operator()(const Way& a, const Way& b) const noexcept {
    return a.due != b.due ? a.due > b.due : a.packet.index < b.packet.index;
  }
};

}  // namespace

void Network::delay(std::uint64_t due, const PacketPlan& packet) {
  way_.push_back({due, packet});
  std::ranges::push_heap(way_, Later{});
}

void Network::arrive_until(std::uint64_t due, std::vector<PacketPlan>& arrived) {
  while (!way_.empty() && way_.front().due <= due) {
    std::ranges::pop_heap(way_, Later{});
    const PacketPlan& packet = way_.back().packet;
    if (packet.index < latest_index_) ++counts_.overtaken;
    latest_index_ = std::max(latest_index_, packet.index);
    arrived.push_back(packet);
    way_.pop_back();
  }
}

}  // namespace esc::replay
