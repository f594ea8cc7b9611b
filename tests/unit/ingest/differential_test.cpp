// SPDX-License-Identifier: BSD-3-Clause
// Compares the plain way with the general way: random and damaged bursts go through two stages,
// whose results must be the same bit for bit.
#include <array>
#include <cstddef>
#include <cstring>
#include <random>

#include "ingest/rx_fixture.hpp"
#include "support/rules.hpp"

namespace esc::test {
namespace {

using intake::Way;

constexpr std::uint32_t kBothWaysPipelines = 3;
constexpr std::uint16_t kPort = 9001;

/// A topic that is longer than one vector.
const std::string kBothWaysLongTopic(40, 'l');

/// What both stages look their topics up in.
const PublishedRules& rules() {
  static const PublishedRules made(
      make_rules(std::vector<route::RouteSpec>{{.topic = "short"},
                                               {.topic = "a/+"},
                                               {.topic = kBothWaysLongTopic},
                                               {.topic = "32" + std::string(30, 'x')}},
                 route::TopicHasher(1)));
  return made;
}

/// What one of the two stages is made of.
template <Way kWay>
struct Side {
  using Stage = ingest::RxStage<ScriptedQueue, ScriptedSink, kWay>;

  Side(const ingest::PortContext& like, const identity::ProducerOwner& owner, std::size_t lanes,
       std::size_t burst, control::PressureWord word)
      : port(like) {
    port.pool = pool.get();
    port.jumbo_pool = jumbo.get();
    board.show(word);
    std::vector<intake::Lane<ScriptedSink>> made;
    for (std::size_t i = 0; i < lanes; ++i) made.emplace_back(sinks[i], frames[i], &board);
    make_stage(stage, {{queue, &port, event::Source::of_port(0, 0), 0}}, std::move(made),
               route::TopicHasher(1), owner, flow, packets, {.burst = burst}, &rules().published);
  }
  ~Side() {
    stage->discard();
    release();
    EXPECT_TRUE(pool.whole());
    EXPECT_TRUE(jumbo.whole());
  }
  void release() {
    const std::array<rte_mempool*, 1> pools = {pool.get()};
    event::Releaser releaser(pools);
    for (const ScriptedSink& sink : sinks) {
      for (const event::Event& event : sink.state->events) releaser.release(event);
      sink.state->events.clear();
    }
    releaser.flush();
  }

  TestPool pool{511};
  TestPool jumbo{7, 65407};
  ingest::PortContext port;
  ScriptedQueue queue;
  std::array<ScriptedSink, kBothWaysPipelines> sinks;
  control::FlowBoard flow;
  control::PressureBoard board;
  std::array<telemetry::PacketCounters, kBothWaysPipelines> packets;
  std::array<telemetry::FrameCounters, kBothWaysPipelines> frames;
  std::optional<Stage> stage;
};

/// A packet to be received, with its segments and flags.
struct Sent {
  Bytes bytes;
  std::vector<std::size_t> cuts;
  std::uint64_t nic = 0;  ///< of ol_flags
};

class Sender {
 public:
  explicit Sender(std::uint64_t seed) : random_(seed) {}

  /// 1 to 64 packets. In half of the bursts all packets are sound and of the common shapes.
  std::vector<Sent> burst() {
    const bool common = chance(0.55);
    std::vector<Sent> sent;
    for (std::size_t left = below(64) + 1; left != 0; --left) {
      sent.push_back(packet(common));
      if (!common && chance(0.5)) harm(sent.back());
    }
    return sent;
  }

  [[nodiscard]] bool chance(double p) { return std::bernoulli_distribution(p)(random_); }
  [[nodiscard]] std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }

 private:
  Sent packet(bool common) {
    Bytes payload;
    const auto add = [&payload](const Bytes& more) {
      payload.insert(payload.end(), more.begin(), more.end());
    };
    if (chance(0.3)) add(session(1 + below(5), below(100), static_cast<std::uint16_t>(below(4))));
    for (std::size_t frames = chance(0.6) ? 1 : 1 + below(12); frames != 0; --frames) {
      add(frame(topic(common), below(70), static_cast<std::uint8_t>(below(256))));
    }
    return {.bytes = packet_of(payload, chance(0.2), chance(0.2) ? 1 : 0), .cuts = {}};
  }

  std::string topic(bool common) {
    static constexpr std::array<std::string_view, 6> kOthers = {
        "caf\xc3\xa9", "$esc/session", "$esc/x", "$free", "\xff\xfe", "a\x7f"};
    if (!common && chance(0.3)) return std::string(kOthers[below(kOthers.size())]);
    if (chance(0.5))
      return std::array<std::string, 3>{"short", "a/b", "32" + std::string(30, 'x')}[below(3)];
    if (!common && chance(0.2)) return kBothWaysLongTopic;
    std::string text(1 + below(common ? 32 : 80), 'a');
    for (char& byte : text) byte = static_cast<char>(0x20 + below(0x5f));
    if (text.front() == '$') text.front() = '%';
    return text;
  }

  void harm(Sent& sent) {
    Bytes& bytes = sent.bytes;
    switch (below(8)) {
      case 0:
        for (std::size_t i = below(4); i != 0; --i) {
          std::uint8_t& byte = bytes[below(bytes.size())];
          byte = static_cast<std::uint8_t>(byte ^ 1U << below(8));
        }
        break;
      case 1:
        bytes.resize(1 + below(bytes.size()));
        break;
      case 2:
        bytes.resize(bytes.size() + below(20));  // padding
        break;
      case 3:
        for (std::size_t i = 1 + below(3); i != 0; --i) sent.cuts.push_back(below(bytes.size()));
        break;
      case 4:  // a byte of the headers
        bytes[below(std::min<std::size_t>(bytes.size(), 64))] =
            static_cast<std::uint8_t>(below(256));
        break;
      case 6:  // no checksum, which is wrong over IPv6
        if (bytes.size() >= 64) std::fill_n(bytes.begin() + (bytes[12] == 0x08 ? 40 : 60), 2, 0);
        break;
      case 5: {  // lengths that agree with each other, and are too short for their packet
        if (bytes.size() < 46 || bytes[12] != 0x08) break;
        const auto udp_bytes = static_cast<std::uint16_t>(below(16));
        wire::store_be16(bytes.data() + 16, static_cast<std::uint16_t>(20 + udp_bytes));
        wire::store_be16(bytes.data() + 38, udp_bytes);
        break;
      }
      default:
        sent.nic = std::array{RTE_MBUF_F_RX_IP_CKSUM_BAD, RTE_MBUF_F_RX_L4_CKSUM_BAD,
                              RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD,
                              RTE_MBUF_F_RX_IP_CKSUM_NONE | RTE_MBUF_F_RX_L4_CKSUM_NONE}[below(4)];
    }
  }

  std::mt19937_64 random_;
};

/// Compares everything except the address of the mbuf.
void expect_same(const event::Event& plain, const event::Event& general) {
  event::Event a = plain;
  event::Event b = general;
  a.mbuf = b.mbuf = nullptr;
  ASSERT_EQ(std::memcmp(&a, &b, sizeof a), 0)
      << "flags " << int{a.flags} << " and " << int{b.flags} << ", hash " << a.topic_hash << " and "
      << b.topic_hash;
  const auto frame_a = event::frame(plain);
  const auto frame_b = event::frame(general);
  ASSERT_TRUE(std::equal(frame_a.begin(), frame_a.end(), frame_b.begin(), frame_b.end()));
  ASSERT_EQ(rte_mbuf_refcnt_read(plain.mbuf), rte_mbuf_refcnt_read(general.mbuf));
}

/// Whether two blocks are the same but for a counter at `except`.
template <class Block>
[[nodiscard]] bool same_but(const Block& a, const Block& b, std::size_t except) {
  const std::size_t behind = except + sizeof(telemetry::Counter);
  const auto* of_a = reinterpret_cast<const std::uint8_t*>(&a);
  const auto* of_b = reinterpret_cast<const std::uint8_t*>(&b);
  return std::memcmp(of_a, of_b, except) == 0 &&
         std::memcmp(of_a + behind, of_b + behind, sizeof a - behind) == 0;
}

/// All of it but how much went the plain way, which is what the two differ in.
[[nodiscard]] bool same_counts(const telemetry::FrameCounters& a,
                               const telemetry::FrameCounters& b) {
  return same_but(a, b, offsetof(telemetry::FrameCounters, events_plain));
}
[[nodiscard]] bool same_counts(const telemetry::PacketCounters& a,
                               const telemetry::PacketCounters& b) {
  return same_but(a, b, offsetof(telemetry::PacketCounters, datagrams_plain));
}

class Differential : public testing::Test {
 protected:
  void round(std::uint64_t seed) {
    Sender sender(seed);
    ingest::PortContext port;
    port.udp_ports.insert(kPort);
    port.checksum = std::array{config::Checksum::kVerify, config::Checksum::kNic,
                               config::Checksum::kOff}[sender.below(3)];
    port.own_mbufs = sender.chance(0.8);
    if (sender.chance(0.2)) port.limits = {.max_frame_bytes = 64, .max_topic_bytes = 12};
    const identity::ProducerOwner owner(99, kBothWaysPipelines);
    const std::size_t lanes = sender.chance(0.5) ? kBothWaysPipelines : 1;
    const identity::ProducerOwner alone(99, 1);
    const std::size_t burst = sender.chance(0.5) ? 64 : 1 + sender.below(64);
    control::PressureWord word;
    if (sender.chance(0.3))
      word = {PressureLevel::kCritical, static_cast<std::uint8_t>(sender.below(256)), 0};
    const auto& owns = lanes == 1 ? alone : owner;
    Side<Way::kPlainFirst> plain(port, owns, lanes, burst, word);
    Side<Way::kGeneral> general(port, owns, lanes, burst, word);
    for (unsigned bursts = 0; bursts < 6; ++bursts) {
      const std::size_t room = sender.chance(0.3) ? sender.below(100) : SIZE_MAX;
      give(sender.burst(), plain, general);
      compare(plain, general, lanes, room);
      if (HasFatalFailure()) return;
    }
  }

  template <class Plain, class General>
  void give(const std::vector<Sent>& burst, Plain& plain, General& general) {
    for (const Sent& sent : burst) {
      for (auto* side : {&plain.queue, &general.queue}) {
        const TestPool& pool = side == &plain.queue ? plain.pool : general.pool;
        rte_mbuf* packet = pool.packet(sent.bytes, sent.cuts);
        packet->ol_flags |= sent.nic;
        side->state->packets.push_back(packet);
      }
    }
  }

  /// Polls both stages alike until nothing is left; at first each sink has room for `room` events.
  template <class Plain, class General>
  void compare(Plain& plain, General& general, std::size_t lanes, std::size_t room) {
    const PlainSums before = plain_of(plain);
    const std::uint64_t all_before = datagrams(plain);
    std::size_t done = 1;
    for (unsigned polls = 0; polls < 12 || done != 0 || !plain.queue.state->packets.empty();
         ++polls) {
      for (std::size_t i = 0; i < lanes; ++i) {
        plain.sinks[i].state->room = general.sinks[i].state->room = polls < 10 ? room : SIZE_MAX;
      }
      ++now_;
      done = plain.stage->poll(now_);
      ASSERT_EQ(general.stage->poll(now_), done);
      for (std::size_t i = 0; i < kBothWaysPipelines; ++i) {
        ASSERT_TRUE(same_counts(plain.packets[i], general.packets[i]));
        ASSERT_TRUE(same_counts(plain.frames[i], general.frames[i]));
      }
    }
    std::size_t pushed = 0;
    for (std::size_t i = 0; i < lanes; ++i) {
      const auto& events = plain.sinks[i].state->events;
      const auto& others = general.sinks[i].state->events;
      ASSERT_EQ(events.size(), others.size());
      for (std::size_t k = 0; k < events.size(); ++k) {
        expect_same(events[k], others[k]);
        routed_ += events[k].has(event::kRouteFound) ? 1 : 0;
        if (HasFatalFailure()) return;
      }
      pushed += events.size();
    }
    ASSERT_TRUE(plain_of(general) == PlainSums{});
    events_ += pushed;
    ++bursts_;
    const PlainSums now = plain_of(plain);
    if (pushed != 0 && now.events - before.events == pushed &&
        now.datagrams - before.datagrams == datagrams(plain) - all_before)
      ++plain_bursts_;
    plain.release();
    general.release();
    ASSERT_EQ(plain.pool.in_use(), 0U);
    ASSERT_EQ(general.pool.in_use(), 0U);
  }

  struct PlainSums {
    std::uint64_t events = 0;
    std::uint64_t datagrams = 0;
    friend bool operator==(const PlainSums&, const PlainSums&) = default;
  };
  template <class Side>
  [[nodiscard]] static PlainSums plain_of(const Side& side) {
    PlainSums sum;
    for (const auto& block : side.frames) sum.events += block.events_plain.get();
    for (const auto& block : side.packets) sum.datagrams += block.datagrams_plain.get();
    return sum;
  }
  template <class Side>
  [[nodiscard]] static std::uint64_t datagrams(const Side& side) {
    std::uint64_t sum = 0;
    for (const auto& block : side.packets) sum += block.datagrams.get();
    return sum;
  }

  std::uint64_t now_ = 0;
  std::size_t bursts_ = 0;
  std::size_t plain_bursts_ = 0;  ///< all of whose datagrams and events went the plain way
  std::size_t events_ = 0;
  std::size_t routed_ = 0;  ///< of those, with their route
};

TEST_F(Differential, BothWaysSayTheSameOfRandomBursts) {
  constexpr std::uint64_t kRounds = 600;
  for (std::uint64_t seed = 1; seed <= kRounds; ++seed) {
    SCOPED_TRACE(seed);
    round(seed);
    if (HasFatalFailure()) return;
  }
  RecordProperty("events", static_cast<int>(events_));
  EXPECT_GE(plain_bursts_ * 2, bursts_) << "too few bursts are plain to show anything";
  EXPECT_GT(events_, 200'000U);
  EXPECT_GT(routed_ * 4, events_) << "too few events are of an exact topic";
}

}  // namespace
}  // namespace esc::test
