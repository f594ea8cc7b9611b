// SPDX-License-Identifier: BSD-3-Clause
// From the wire to the workers: what keeps its order keeps it, over the whole path.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "folded_pipeline.hpp"
#include "port_support.hpp"
#include "trace_file.hpp"

namespace esc::test {
namespace {

using config::Spread;

constexpr std::size_t kWorkers = 4;
constexpr std::size_t kPorts = 2;
constexpr std::size_t kPackets = 3'000;  // of each port
constexpr std::uint64_t kProducers = 7;  // of each port

/// What a frame says of itself in its payload.
struct Mark {
  std::uint32_t of_topic;     ///< the how manieth of its topic on this port
  std::uint32_t of_producer;  ///< likewise; 0: nobody's
};

Bytes marked_frame(const std::string& topic, const Mark& mark) {
  Bytes payload(sizeof mark);
  std::memcpy(payload.data(), &mark, sizeof mark);
  Bytes frame(wire::encoded_frame_bytes(topic.size(), payload.size()));
  if (wire::encode_frame(frame, 1, topic, payload) != frame.size()) {
    throw std::logic_error("no such frame");
  }
  return frame;
}

/// A feed of numbered events, of others, and of both in one packet.
class Feed {
 public:
  explicit Feed(std::size_t port) : random_(port + 1), first_producer_(1 + port * kProducers) {}

  std::vector<Bytes> make() {
    std::vector<Bytes> packets;
    while (packets.size() < kPackets) {
      Bytes frames;
      if (random_() % 4 != 0) add(frames, "t/", 0);
      if (random_() % 3 != 0) {
        const std::uint64_t producer = first_producer_ + random_() % kProducers;
        const auto count = static_cast<std::uint16_t>(1 + random_() % 6);
        add_session(frames, producer, count);
        for (int i = 0; i < count; ++i) add(frames, random_() % 3 == 0 ? "t/" : "p/", producer);
      }
      if (!frames.empty()) packets.push_back(packet_around({frames}));
    }
    return packets;
  }
  [[nodiscard]] const auto& sent_of_topic() const noexcept { return topics_; }
  [[nodiscard]] const auto& sent_of_producer() const noexcept { return producers_; }

 private:
  void add(Bytes& frames, const std::string& kind, std::uint64_t producer) {
    const std::string topic = kind + std::to_string(random_() % 20);
    // Of its producer count only those events that go by it.
    const bool counts = kind == "p/";
    const Mark mark{topics_[topic]++, counts ? ++producers_[producer] : 0};
    const Bytes frame = marked_frame(topic, mark);
    frames.insert(frames.end(), frame.begin(), frame.end());
  }
  void add_session(Bytes& frames, std::uint64_t producer, std::uint16_t count) {
    Bytes frame(wire::kSessionFrameBytes);
    if (wire::encode_session_frame(frame, 0,
                                   {.count = count,
                                    .epoch = 1,
                                    .producer = producer,
                                    .first_sequence = numbers_[producer]}) != frame.size()) {
      throw std::logic_error("no session frame");
    }
    numbers_[producer] += count;
    frames.insert(frames.end(), frame.begin(), frame.end());
  }

  std::mt19937 random_;
  std::uint64_t first_producer_;
  std::map<std::string, std::uint32_t> topics_;
  std::map<std::uint64_t, std::uint32_t> producers_;
  std::map<std::uint64_t, std::uint64_t> numbers_;
};

/// What workers have seen: of each topic and each producer of a port, how many, and where.
class Seen {
 public:
  void operator()(std::size_t worker, const event::WorkItem& item) {
    const std::size_t port = item.event.source.port();
    const auto bytes = event::topic(item.event);
    const std::string topic(bytes.begin(), bytes.end());
    Mark mark{};
    std::memcpy(&mark, event::payload(item.event).data(), sizeof mark);
    if (topic.starts_with("t/")) {
      EXPECT_EQ(mark.of_topic, topics[port][topic]++) << topic;
      EXPECT_EQ(worker_of_topic.try_emplace(topic, worker).first->second, worker) << topic;
    } else {
      const std::uint64_t producer = item.event.producer;
      EXPECT_EQ(mark.of_producer, ++producers[port][producer]) << producer;
      EXPECT_EQ(worker_of_producer.try_emplace(producer, worker).first->second, worker);
    }
    ++by_worker[worker];
  }

  std::array<std::map<std::string, std::uint32_t>, kPorts> topics;
  std::array<std::map<std::uint64_t, std::uint32_t>, kPorts> producers;
  std::map<std::string, std::size_t> worker_of_topic;
  std::map<std::uint64_t, std::size_t> worker_of_producer;
  std::array<std::uint64_t, kWorkers> by_worker{};
};

/// Routes that treat the feed alike, by other rules: topics of their own, patterns, the rest.
std::vector<std::vector<config::RouteConfig>> route_sets() {
  const config::RouteConfig by_topic{
      .topic = "t/+", .handler = "count", .spread = Spread::kByTopic};
  const config::RouteConfig by_producer{
      .topic = "p/#", .handler = "count", .spread = Spread::kByProducer};
  std::vector<config::RouteConfig> exact = {by_topic, by_producer};
  for (int i = 0; i < 20; i += 2) {
    exact.push_back(
        {.topic = "t/" + std::to_string(i), .handler = "count", .spread = Spread::kByTopic});
    exact.push_back(
        {.topic = "p/" + std::to_string(i), .handler = "count", .spread = Spread::kByProducer});
  }
  return {{by_topic, by_producer},
          exact,
          {{.topic = "#", .handler = "count", .spread = Spread::kByProducer},
           by_topic,
           {.topic = "t/7", .handler = "count", .retries = 2}}};
}

// The workers' rings are shorter than a burst, and are emptied at random: events wait for full
// workers, in their queues and in the input, all the while the rules are replaced.
TEST(Order, OfATopicAndOfAProducerIsKeptFromTheWireToTheWorkers) {
  std::vector<std::unique_ptr<Feed>> feeds;
  std::vector<std::unique_ptr<TraceFile>> traces;
  std::vector<std::unique_ptr<dpdk::Port>> ports;
  std::vector<dpdk::Port*> open;
  for (std::size_t i = 0; i < kPorts; ++i) {
    feeds.push_back(std::make_unique<Feed>(i));
    traces.push_back(std::make_unique<TraceFile>(feeds[i]->make()));
    ports.push_back(
        std::make_unique<dpdk::Port>(settings_for("net_pcap", "rx_pcap=" + traces[i]->path())));
    ports[i]->start();
    open.push_back(ports[i].get());
  }
  const auto sets = route_sets();
  FoldedPipeline path(
      open, sets[0],
      {.workers = kWorkers, .ingest_cells = 64, .worker_cells = 8, .hold_cells = 16});
  Seen seen;
  std::mt19937 random(9);
  std::uint64_t most_held = 0;
  std::size_t idle = 0;
  for (std::size_t round = 0; idle < 200; ++round) {
    if (round % 37 == 0) path.replace_routes(sets[round / 37 % sets.size()]);
    std::size_t work = path.poll_without_workers();
    most_held = std::max(most_held, path.dispatch().events_held.get());
    for (std::size_t worker = 0; worker < kWorkers; ++worker) {
      const std::size_t most = random() % 8;
      work += path.take(worker, most, [&](const auto& item) { seen(worker, item); });
    }
    idle = work == 0 ? idle + 1 : 0;
  }
  for (std::size_t port = 0; port < kPorts; ++port) {
    for (const auto& [topic, sent] : feeds[port]->sent_of_topic()) {
      if (!topic.starts_with("t/")) continue;
      EXPECT_EQ(seen.topics[port][topic], sent) << topic;
    }
    EXPECT_EQ(seen.producers[port], feeds[port]->sent_of_producer());
    ports[port]->close();
    EXPECT_TRUE(is_whole(ports[port]->pool()));
  }
  EXPECT_GT(most_held, 32U);
  EXPECT_GT(path.dispatch().polls_blocked.get(), 0U);
  EXPECT_GT(path.packets().ring_full.get(), 0U);
  for (const std::uint64_t events : seen.by_worker) EXPECT_GT(events, kPackets / 10);
}

}  // namespace
}  // namespace esc::test
