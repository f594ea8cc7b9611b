// SPDX-License-Identifier: BSD-3-Clause
// Writes what one port receives: packets on all cores, stored in the order of their arrival.
#pragma once

#include <tbb/enumerable_thread_specific.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "esc-replay/manifest.hpp"
#include "esc-replay/network.hpp"

namespace esc::replay {

using Tallies = tbb::enumerable_thread_specific<Tally>;

/// One port's way and its trace.
class FeedWriter {
 public:
  using Sink = std::function<void(std::uint64_t time_ns, std::span<const std::uint8_t> packet)>;

  /// `judged`: takes the verdicts of numbered events. All must outlive this.
  FeedWriter(const BuildPlan& plan, Feed feed, const Sink& sink, Tallies& tallies, Tally& judged,
             NumberModel& model);

  /// Passes packets through the network in the order in which they were sent, and stores those that
  /// arrive. `last`: no more follow.
  void send(std::span<const PacketPlan> packets, bool last);

  [[nodiscard]] FeedFacts facts() const;
  [[nodiscard]] std::uint64_t packets() const noexcept { return facts_.packets; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return facts_.bytes; }
  [[nodiscard]] std::uint64_t longest_bytes() const noexcept { return longest_bytes_; }

 private:
  /// Packets as one thread wrote them, and their numbered events.
  struct Chunk {
    std::vector<std::uint8_t> bytes;
    std::vector<std::size_t> sizes;
    std::vector<NumberedEvent> numbered;
  };

  void write();
  void judge(const NumberedEvent& event);
  void store(const Chunk& chunk);

  const BuildPlan& plan_;
  const Sink& sink_;
  Tallies& tallies_;
  Tally& judged_;
  NumberModel& model_;
  Network network_;
  std::vector<PacketPlan> arrived_;
  std::vector<Chunk> chunks_;
  FeedFacts facts_;
  std::vector<std::uint64_t> highest_;  ///< the highest number so far, by producer
  std::uint64_t longest_bytes_ = 0;
};

}  // namespace esc::replay
