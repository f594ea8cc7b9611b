#include "esc-replay/trace_builder.hpp"

#include <tbb/blocked_range.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "esc-replay/packet_writer.hpp"

namespace esc::replay {
namespace {

constexpr std::uint64_t kTraceStartNs =
    1'700'000'000'000'000'000;  // any fixed moment: the same trace, the same bytes
constexpr std::size_t kChunkPackets = 256;
constexpr std::size_t kBatchPackets = 64 * kChunkPackets;

/// The packets of one chunk, as one thread wrote them.
struct Chunk {
  std::vector<std::uint8_t> bytes;
  std::vector<std::size_t> sizes;
};

class Builder {
 public:
  Builder(const BuildPlan& plan, const PacketSink& sink, const BuildProgressSink& progress)
      : plan_(plan),
        sink_(sink),
        progress_(progress),
        frames_left_(plan.options.frames == 0 ? UINT64_MAX : plan.options.frames),
        tallies_(Tally(plan.topics)) {
    facts_.numbers.resize(plan.options.sessions);
  }

  BuiltTrace run() {
    const BuildOptions& options = plan_.options;
    const std::uint64_t packets = options.packets == 0 ? UINT64_MAX : options.packets;
    while (facts_.packets < packets && frames_left_ > 0) {
      plan_batch(std::min<std::uint64_t>(kBatchPackets, packets - facts_.packets));
      number_batch();
      write_batch();
      store_batch();
      if (progress_) progress_(facts_.packets, facts_.bytes, share());
    }
    Tally sum(plan_.topics);
    tallies_.combine_each([&](const Tally& tally) { sum.merge(tally); });
    return {std::move(sum), std::move(facts_)};
  }

 private:
  [[nodiscard]] double share() const {
    const BuildOptions& options = plan_.options;
    return options.packets != 0
               ? static_cast<double>(facts_.packets) / static_cast<double>(options.packets)
               : static_cast<double>(options.frames - frames_left_) /
                     static_cast<double>(options.frames);
  }

  void plan_batch(std::size_t count) {
    batch_.resize(count);
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, count, kChunkPackets),
                      [&](const auto& range) {
                        for (std::size_t i = range.begin(); i < range.end(); ++i) {
                          batch_[i] = plan_packet(plan_, facts_.packets + i, UINT64_MAX);
                        }
                      });
  }

  /// The one step where a packet depends on those before it.
  void number_batch() {
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      PacketPlan& packet = batch_[i];
      if (packet.frames_received() > frames_left_)
        packet = plan_packet(plan_, packet.index, frames_left_);
      if (plan_.options.frames != 0) frames_left_ -= packet.frames_received();
      if (plan_.options.sessions != 0) {
        packet.first_sequence = plan_.options.first_sequence + facts_.numbers[packet.producer];
        facts_.numbers[packet.producer] += packet.numbered;
      }
      facts_.cut_at_mtu += packet.cut_at_mtu ? 1 : 0;
      ++facts_.malformed[std::string(name(packet.kind))];
      if (frames_left_ == 0) return batch_.resize(i + 1);
    }
  }

  void write_batch() {
    chunks_.resize((batch_.size() + kChunkPackets - 1) / kChunkPackets);
    tbb::parallel_for(std::size_t{0}, chunks_.size(), [&](std::size_t c) {
      Chunk& chunk = chunks_[c];
      Tally& tally = tallies_.local();
      thread_local std::vector<std::uint8_t> room(kPacketRoomBytes);
      chunk.bytes.clear();
      chunk.sizes.clear();
      const std::size_t end = std::min(batch_.size(), (c + 1) * kChunkPackets);
      for (std::size_t i = c * kChunkPackets; i < end; ++i) {
        const std::size_t bytes = write_packet(plan_, batch_[i], room, tally);
        chunk.bytes.insert(chunk.bytes.end(), room.data(), room.data() + bytes);
        chunk.sizes.push_back(bytes);
      }
    });
  }

  void store_batch() {
    for (const Chunk& chunk : chunks_) {
      std::size_t at = 0;
      for (const std::size_t bytes : chunk.sizes) {
        const double elapsed_ns =
            static_cast<double>(facts_.packets) * 1e9 / plan_.options.trace_pps;
        sink_(kTraceStartNs + static_cast<std::uint64_t>(elapsed_ns),
              std::span(chunk.bytes).subspan(at, bytes));
        at += bytes;
        ++facts_.packets;
        facts_.bytes += bytes;
        facts_.longest_bytes = std::max<std::uint64_t>(facts_.longest_bytes, bytes);
      }
    }
  }

  const BuildPlan& plan_;
  const PacketSink& sink_;
  const BuildProgressSink& progress_;
  std::uint64_t frames_left_;
  std::vector<PacketPlan> batch_;
  std::vector<Chunk> chunks_;
  tbb::enumerable_thread_specific<Tally> tallies_;
  TraceFacts facts_;
};

}  // namespace

BuiltTrace build_trace(const BuildPlan& plan, const PacketSink& sink,
                       const BuildProgressSink& progress) {
  return Builder(plan, sink, progress).run();
}

}  // namespace esc::replay
