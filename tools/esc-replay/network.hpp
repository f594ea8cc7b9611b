// SPDX-License-Identifier: BSD-3-Clause
// What happens to packets between their sender and a port: some are lost, some come twice, some are
// overtaken.
#pragma once

#include <cstdint>
#include <vector>

#include "esc-replay/build_options.hpp"
#include "esc-replay/datagram_writer.hpp"

namespace esc::replay {

/// The ports that may receive the trace: one, or two with a copy each.
enum class Feed : std::uint8_t { kA, kB };

/// The network before one port. What happens to a packet depends only on the seed, the feed and the
/// packet, so it does not change with the length of the trace.
class Network {
 public:
  struct Counts {
    std::uint64_t lost = 0;
    std::uint64_t copies = 0;
    std::uint64_t overtaken = 0;  ///< packets that arrive after one that was sent later
  };

  Network(const BuildOptions& options, Feed feed) : options_(options), feed_(feed) {}

  /// Takes the packets in the order in which they are sent; appends to `arrived` the packets that
  /// no later packet can overtake any more.
  void send(const PacketPlan& packet, std::vector<PacketPlan>& arrived);
  /// Everything is sent: appends what is still on its way.
  void finish(std::vector<PacketPlan>& arrived);

  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

 private:
  struct OnTheWay {
    std::uint64_t due;  ///< it arrives when the packet of this index is sent
    PacketPlan packet;
  };

  [[nodiscard]] bool lost(std::uint64_t index) const noexcept;
  void delay(std::uint64_t due, const PacketPlan& packet);
  void arrive_until(std::uint64_t due, std::vector<PacketPlan>& arrived);

  const BuildOptions& options_;
  Feed feed_;
  std::vector<OnTheWay> way_;       ///< a heap, the first to arrive in front
  std::uint64_t latest_index_ = 0;  ///< the highest index that arrived
  Counts counts_;
};

}  // namespace esc::replay
