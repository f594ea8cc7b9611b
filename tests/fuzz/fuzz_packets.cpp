// SPDX-License-Identifier: BSD-3-Clause
// Receives any bytes as one packet, cut into any segments. The RX stage counts the packet once,
// accounts for each of its frames and gives every mbuf back. The same packet in one segment gives
// the same result, and so does a stage that reads every packet the general way.
//
// Input: one byte of flags; one byte with the number of cuts (low half) and the segment to which
// there is another reference (high half); two bytes for each cut; then the packet.
#include <rte_mbuf.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "event/frame_bytes.hpp"
#include "event/poison.hpp"
#include "event/releaser.hpp"
#include "on_eal.hpp"
#include "support/rules.hpp"
#include "support/rx_stage.hpp"
#include "wire/parser.hpp"

namespace {

using namespace esc;
using Bytes = std::span<const std::uint8_t>;

// What the first byte chooses.
constexpr unsigned kChecksumBits = 3;  // verify, nic, off, off
constexpr unsigned kOwnMbufs = 1U << 2;
constexpr unsigned kSmallLimits = 1U << 3;
constexpr unsigned kSlowSink = 1U << 4;  // takes one event a poll
constexpr unsigned kNoJumbo = 1U << 5;
constexpr unsigned kHeld = 1U << 6;  // there is another reference to one segment
constexpr std::size_t kMaxCuts = 15;

// An mbuf of the feed has room for the whole packet. A frame that spans segments is copied into one
// of the port's small mbufs if it fits, else into one of the jumbo pool.
constexpr std::size_t kFeedBytes = UINT16_MAX - RTE_PKTMBUF_HEADROOM;
constexpr std::size_t kSmallBytes = 256;
constexpr unsigned kMbufs = 31;

struct OnePacketQueue {
  rte_mbuf** packet;
  [[nodiscard]] std::size_t receive(std::span<rte_mbuf*> out) const {
    if (*packet == nullptr) return 0;
    out[0] = std::exchange(*packet, nullptr);
    return 1;
  }
  [[nodiscard]] bool can_wait() const { return false; }
};

struct Sink {
  std::vector<event::Event>* events;
  const std::size_t* per_call;
  [[nodiscard]] std::size_t push_burst(std::span<const event::Event> burst) {
    const std::size_t count = std::min(burst.size(), *per_call);
    events->insert(events->end(), burst.begin(),
                   burst.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  [[nodiscard]] std::size_t size() const { return 0; }
};

struct SeenEvent {
  std::vector<std::uint8_t> frame;
  std::uint64_t topic_hash, producer, sequence;
  std::uint32_t epoch;
  std::uint8_t topic_len, priority, replay_count, sequenced;
  friend bool operator==(const SeenEvent&, const SeenEvent&) = default;
};

struct Outcome {
  std::vector<SeenEvent> events;
  std::vector<std::uint64_t> counts;
  std::uint64_t without_buffer = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

template <class Reason>
std::uint64_t append(std::vector<std::uint64_t>& counts, const telemetry::CounterSet<Reason>& set) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < telemetry::CounterSet<Reason>::kSize; ++i) {
    counts.push_back(set.get(static_cast<Reason>(i)));
    sum += counts.back();
  }
  return sum;
}

rte_mempool* make_pool(std::size_t data_bytes) {
  static unsigned made = 0;
  rte_mempool* pool = rte_pktmbuf_pool_create(
      ("pool" + std::to_string(made++)).c_str(), kMbufs, 0, 0,
      static_cast<std::uint16_t>(data_bytes + RTE_PKTMBUF_HEADROOM), SOCKET_ID_ANY);
  REQUIRE(pool != nullptr);
  return pool;
}

/// One RX stage that lives as long as the process, so that a state that one packet wrongly leaves
/// behind shows with the next packet.
template <intake::Way kWay>
class Harness {
 public:
  Harness() {
    port_.udp_ports.insert(9001);
    port_.pool = small_;
    std::vector<ingest::QueueBinding<OnePacketQueue>> queues;
    queues.push_back({OnePacketQueue{&packet_}, &port_, event::Source::of_port(0, 0)});
    test::make_stage(stage_, std::move(queues), Sink{&events_, &sink_takes_}, hasher_, flow_,
                     *counters_, {}, &rules_.published);
  }

  /// `hold`: with kHeld, the number of the segment to which there is another reference.
  Outcome receive(Bytes bytes, std::span<const std::size_t> cuts, unsigned flags,
                  std::size_t hold) {
    counters_ = std::construct_at(counters_);
    port_.checksum = static_cast<config::Checksum>(std::min(flags & kChecksumBits, 2U));
    port_.own_mbufs = (flags & kOwnMbufs) != 0;
    port_.limits = {};
    if ((flags & kSmallLimits) != 0) {
      port_.limits = {.max_frame_bytes = wire::kMinMaxFrameBytes,
                      .max_topic_bytes = wire::kMinMaxTopicBytes};
    }
    port_.jumbo_pool = (flags & kNoJumbo) != 0 ? nullptr : jumbo_;
    sink_takes_ = (flags & kSlowSink) != 0 ? 1 : SIZE_MAX;
    packet_ = build(bytes, cuts);
    if ((flags & kHeld) != 0) hold_segment(hold % (cuts.size() + 1));
    const std::size_t most_polls = bytes.size() + 10;
    std::size_t polls = 0;
    while (stage_->poll(++now_) != 0) REQUIRE(++polls <= most_polls);
    Outcome outcome = account();
    give_back();
    return outcome;
  }

 private:
  rte_mbuf* build(Bytes bytes, std::span<const std::size_t> cuts) {
    rte_mbuf* head = nullptr;
    std::size_t from = 0;
    for (std::size_t i = 0; i <= cuts.size(); ++i) {
      const std::size_t to = i < cuts.size() ? cuts[i] : bytes.size();
      rte_mbuf* segment = rte_pktmbuf_alloc(feed_);
      REQUIRE(segment != nullptr);
      char* room = rte_pktmbuf_append(segment, static_cast<std::uint16_t>(to - from));
      std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                bytes.begin() + static_cast<std::ptrdiff_t>(to), room);
#ifdef ESC_POISON_MBUFS
      // All but the place where the stage keeps an event's peer, and what the check of checksums
      // may read.
      __asan_poison_memory_region(
          static_cast<char*>(segment->buf_addr) + event::kPeerNoteBytes,
          segment->data_off - event::kPeerNoteBytes - ingest::detail::kReadBeforePacket);
#endif
      if (head == nullptr) {
        head = segment;
      } else {
        REQUIRE(rte_pktmbuf_chain(head, segment) == 0);
      }
      from = to;
    }
    return head;
  }

  void hold_segment(std::size_t index) {
    held_ = packet_;
    for (; index != 0; --index) held_ = held_->next;
    rte_mbuf_refcnt_update(held_, 1);
    held_next_ = held_->next;
    held_is_chained_ = packet_->nb_segs > 1;
    const auto* data = rte_pktmbuf_mtod(held_, const std::uint8_t*);
    held_bytes_.assign(data, data + held_->data_len);
  }

  /// Checks that the segment with the other reference still has its bytes and that this reference
  /// is the last one; then gives it back.
  void give_back_held() {
    if (held_ == nullptr) return;
    REQUIRE(rte_mbuf_refcnt_read(held_) == 1 && held_->next == held_next_);
    const Bytes now(rte_pktmbuf_mtod(held_, const std::uint8_t*), held_->data_len);
    REQUIRE(std::ranges::equal(now, held_bytes_));
    event::free_segment(std::exchange(held_, nullptr));
  }

  Outcome account() const {
    const test::RxCounters& c = *counters_;
    Outcome outcome;
    auto& counts = outcome.counts;
    counts = {c.packets_received.get(), c.datagrams.get(), c.frames_received.get(), c.control.get(),
              c.packet_bytes.get()};
    const std::uint64_t non_events = append(counts, c.non_event);
    const std::uint64_t dropped = append(counts, c.packet_dropped);
    const std::uint64_t refused = append(counts, c.frame_dropped);
    REQUIRE(c.packets_received.get() == 1);
    REQUIRE(c.datagrams.get() + non_events + dropped == 1);
    REQUIRE(c.frames_received.get() == events_.size() + c.control.get() + refused);
    REQUIRE((c.frames_received.get() != 0) == (c.datagrams.get() == 1));
    REQUIRE(c.events_pushed.get() == events_.size());
    REQUIRE(c.events_held.get() == 0 && c.packets_held.get() == 0);
    outcome.without_buffer = c.frame_dropped.get(FrameDrop::kNoJumboBuffer);
    std::map<const rte_mbuf*, std::uint16_t> references;
    for (const event::Event& event : events_) {
      outcome.events.push_back(see(event));
      ++references[event.mbuf];
    }
    for (const event::Event& event : events_) check_ownership(event, references[event.mbuf]);
    return outcome;
  }

  [[nodiscard]] SeenEvent see(const event::Event& event) const {
    const Bytes frame = event::frame(event);
    const wire::FrameView view = wire::parse_frame(frame, port_.limits);
    REQUIRE(view.kind == wire::FrameKind::kEvent && view.frame_bytes == frame.size());
    REQUIRE(view.topic_len == event.topic_len && view.priority == event.priority);
    check_route(event);
    REQUIRE(event.payload_bytes() == view.payload_bytes);
    REQUIRE(event.replay_count == 0 || event.has(event::kSequenced));
    return {{frame.begin(), frame.end()},
            hasher_(event::topic(event)),
            event.producer,
            event.sequence,
            event.epoch,
            event.topic_len,
            event.priority,
            event.replay_count,
            event.has(event::kSequenced)};
  }

  /// Every event of an exact topic carries its route, and any other its hash.
  void check_route(const event::Event& event) const {
    const route::RouteSet& routes = rules_.published.get()->routes;
    const Bytes topic = event::topic(event);
    const std::uint64_t hash = hasher_(topic);
    const std::uint32_t route = routes.find_exact(hash, topic);
    REQUIRE(event.has(event::kRouteFound) == (route != route::RouteSet::kNone));
    if (event.has(event::kRouteFound)) {
      REQUIRE(event.route.index == route && event.route.generation == routes.generation());
    } else {
      REQUIRE(event.topic_hash == hash);
    }
  }

  void check_ownership(const event::Event& event, std::uint16_t references) const {
    const rte_mbuf& mbuf = *event.mbuf;
    REQUIRE(&mbuf != held_ || !held_is_chained_);
    REQUIRE(rte_mbuf_refcnt_read(&mbuf) == references + (&mbuf == held_ ? 1 : 0));
    REQUIRE(mbuf.next == nullptr && mbuf.nb_segs == 1);
    if (!event.has(event::kSoleOwner)) return;
    REQUIRE(references == 1 && port_.own_mbufs && mbuf.pool == feed_ && &mbuf != held_);
  }

  void give_back() {
    const std::array<rte_mempool*, 1> pools = {feed_};
    event::Releaser releaser(pools);
    for (const event::Event& event : events_) releaser.release(event);
    releaser.flush();
    events_.clear();
    give_back_held();
    for (rte_mempool* pool : {feed_, small_, jumbo_}) {
      REQUIRE(rte_mempool_avail_count(pool) == kMbufs);
    }
  }

  rte_mempool* feed_ = make_pool(kFeedBytes);
  rte_mempool* small_ = make_pool(kSmallBytes);
  rte_mempool* jumbo_ = make_pool(kFeedBytes);
  ingest::PortContext port_;
  rte_mbuf* packet_ = nullptr;
  rte_mbuf* held_ = nullptr;
  const rte_mbuf* held_next_ = nullptr;
  bool held_is_chained_ = false;
  std::vector<std::uint8_t> held_bytes_;
  std::vector<event::Event> events_;
  std::size_t sink_takes_ = SIZE_MAX;
  route::TopicHasher hasher_{1};
  test::PublishedRules rules_{
      test::make_rules(std::vector<route::RouteSpec>{{.topic = "a"},
                                                     {.topic = "a/b"},
                                                     {.topic = "plant/line/7"},
                                                     {.topic = std::string(32, 't')},
                                                     {.topic = std::string(40, 't')},
                                                     {.topic = "+"}},
                       hasher_)};
  control::FlowBoard flow_;
  test::RxCounters storage_;
  test::RxCounters* counters_ = &storage_;
  std::optional<ingest::RxStage<OnePacketQueue, Sink, kWay>> stage_;
  std::uint64_t now_ = 0;
};

template <intake::Way kWay = intake::Way::kPlainFirst>
Harness<kWay>& harness() {
  static auto* const made = new Harness<kWay>;  // EAL's memory outlives every static
  return *made;
}

std::vector<std::size_t> read_cuts(Bytes& input, std::size_t count) {
  std::vector<std::size_t> cuts;
  for (; count != 0 && input.size() >= 2; --count) {
    cuts.push_back(wire::load_be16(input.data()));
    input = input.subspan(2);
  }
  for (std::size_t& cut : cuts) cut %= input.size() + 1;
  std::sort(cuts.begin(), cuts.end());
  return cuts;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  start_eal("fuzz-packets", 128);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const unsigned flags = data[0];
  Bytes input(data + 2, size - 2);
  const std::vector<std::size_t> cuts = read_cuts(input, data[1] % (kMaxCuts + 1));
  const Bytes packet = input.first(std::min(input.size(), kFeedBytes));
  if (!cuts.empty() && cuts.back() > packet.size()) return 0;
  const std::size_t hold = data[1] / (kMaxCuts + 1);
  const Outcome in_segments = harness().receive(packet, cuts, flags, hold);
  REQUIRE(in_segments == harness<intake::Way::kGeneral>().receive(packet, cuts, flags, hold));
  // A frame without a buffer is counted as such: there the segmentation does matter, and so does
  // a held chain of more events than there are buffers to copy them into.
  if ((flags & kNoJumbo) != 0 || in_segments.without_buffer != 0) return 0;
  REQUIRE(in_segments == harness().receive(packet, {}, flags, 0));
  return 0;
}
