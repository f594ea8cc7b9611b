// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/trace_builder.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "esc-replay/error.hpp"
#include "esc-replay/feed_writer.hpp"

namespace esc::replay {
namespace {

constexpr std::size_t kChunkPackets = 256;
constexpr std::size_t kBatchPackets = 64 * kChunkPackets;

/// The window for which the manifest gives the verdicts. With two ports the verdicts have to hold
/// whatever turns the ports take, so nothing may become stale.
std::uint64_t window_of(const BuildOptions& options) {
  return options.out_b.empty() ? std::max<std::uint64_t>(options.window, 1) : NumberModel::kEndless;
}

class Builder {
 public:
  Builder(const BuildPlan& plan, const PacketSink& sink, const BuildProgressSink& progress,
          const PacketSink& sink_b)
      : plan_(plan),
        progress_(progress),
        frames_left_(plan.options.frames == 0 ? UINT64_MAX : plan.options.frames),
        producers_(plan.options.sessions),
        tallies_(Tally(plan.topics)),
        judged_(plan.topics),
        model_(plan.options.sessions, plan.options.first_sequence, window_of(plan.options)) {
    facts_.numbers.resize(plan.options.sessions);
    feeds_.reserve(2);
    feeds_.emplace_back(plan, Feed::kA, sink, tallies_, judged_, model_);
    if (sink_b) feeds_.emplace_back(plan, Feed::kB, sink_b, tallies_, judged_, model_);
  }

  BuiltTrace run() {
    const BuildOptions& options = plan_.options;
    const std::uint64_t packets = options.packets == 0 ? UINT64_MAX : options.packets;
    while (facts_.made < packets && frames_left_ > 0) {
      plan_batch(std::min<std::uint64_t>(kBatchPackets, packets - facts_.made));
      number_batch();
      facts_.made += batch_.size();
      const bool last = facts_.made >= packets || frames_left_ == 0;
      for (FeedWriter& feed : feeds_) feed.send(batch_, last);
      tell();
    }
    for (const FeedWriter& feed : feeds_) {
      facts_.feeds.push_back(feed.facts());
      facts_.longest_bytes = std::max(facts_.longest_bytes, feed.longest_bytes());
    }
    tallies_.combine_each([&](const Tally& tally) { judged_.merge(tally); });
    return {std::move(judged_), std::move(facts_), std::move(model_)};
  }

 private:
  /// How far a producer has come.
  struct Producer {
    std::uint64_t numbers = 0;  ///< given out in its epoch
    std::uint32_t restarts = 0;
  };

  void tell() const {
    if (!progress_) return;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    for (const FeedWriter& feed : feeds_) {
      packets += feed.packets();
      bytes += feed.bytes();
    }
    progress_(packets, bytes, share());
  }

  [[nodiscard]] double share() const {
    const BuildOptions& options = plan_.options;
    return options.packets != 0
               ? static_cast<double>(facts_.made) / static_cast<double>(options.packets)
               : static_cast<double>(options.frames - frames_left_) /
                     static_cast<double>(options.frames);
  }

  void plan_batch(std::size_t count) {
    batch_.resize(count);
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, count, kChunkPackets),
                      [&](const auto& range) {
                        for (std::size_t i = range.begin(); i < range.end(); ++i) {
                          batch_[i] = plan_packet(plan_, facts_.made + i, UINT64_MAX);
                        }
                      });
  }

  /// The only step in which a packet depends on those before it.
  void number_batch() {
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      PacketPlan& packet = batch_[i];
      if (packet.frames_received() > frames_left_)
        packet = plan_packet(plan_, packet.index, frames_left_);
      if (plan_.options.frames != 0) frames_left_ -= packet.frames_received();
      if (plan_.options.sessions != 0) number(packet);
      facts_.cut_at_mtu += packet.cut_at_mtu ? 1 : 0;
      ++facts_.malformed[std::string(name(packet.kind))];
      if (frames_left_ == 0) return batch_.resize(i + 1);
    }
  }

  void number(PacketPlan& packet) {
    Producer& producer = producers_[packet.producer];
    Random random(plan_.options.seed, packet.index, Stream::kRestarts);
    // A producer that has sent nothing yet cannot begin a new epoch.
    if (producer.numbers > 0 && random.chance(plan_.options.restarts)) {
      ++producer.restarts;
      ++facts_.restarts;
      producer.numbers = 0;
      if (producer.restarts > UINT32_MAX - plan_.options.epoch) {
        throw usage_error("--session-epoch: so many --restarts go beyond 2^32 - 1");
      }
    }
    packet.epoch = plan_.options.epoch + producer.restarts;
    packet.first_sequence = plan_.options.first_sequence + producer.numbers;
    producer.numbers += packet.numbered;
    facts_.numbers[packet.producer] += packet.numbered;
  }

  const BuildPlan& plan_;
  const BuildProgressSink& progress_;
  std::uint64_t frames_left_;
  std::vector<Producer> producers_;
  std::vector<PacketPlan> batch_;
  Tallies tallies_;
  Tally judged_;
  NumberModel model_;
  std::vector<FeedWriter> feeds_;
  TraceFacts facts_;
};

}  // namespace

BuiltTrace build_trace(const BuildPlan& plan, const PacketSink& sink,
                       const BuildProgressSink& progress, const PacketSink& sink_b) {
  return Builder(plan, sink, progress, sink_b).run();
}

}  // namespace esc::replay
