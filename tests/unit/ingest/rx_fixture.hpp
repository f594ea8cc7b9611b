// SPDX-License-Identifier: BSD-3-Clause
// An RX stage between a scripted queue and a scripted sink.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "event/frame_bytes.hpp"
#include "event/poison.hpp"
#include "event/releaser.hpp"
#include "ingest/packets.hpp"
#include "support/mbufs.hpp"
#include "support/rx_stage.hpp"

namespace esc::test {

/// Hands out what it is given, in order.
struct ScriptedQueue {
  struct State {
    std::deque<rte_mbuf*> packets;
    bool can_wait = true;
    unsigned receives = 0;
  };
  std::shared_ptr<State> state = std::make_shared<State>();

  [[nodiscard]] std::size_t receive(std::span<rte_mbuf*> out) const {
    ++state->receives;
    std::size_t count = 0;
    while (count < out.size() && !state->packets.empty()) {
      out[count++] = state->packets.front();
      state->packets.pop_front();
    }
    return count;
  }
  [[nodiscard]] bool can_wait() const { return state->can_wait; }
};

/// Takes as many events as it has room for.
struct ScriptedSink {
  struct State {
    std::vector<event::Event> events;
    std::size_t room = SIZE_MAX;  ///< accepts no more than this in all
    std::size_t depth = 0;        ///< what size() says
  };
  std::shared_ptr<State> state = std::make_shared<State>();

  [[nodiscard]] std::size_t push_burst(std::span<const event::Event> events) {
    const std::size_t count = std::min(events.size(), state->room - state->events.size());
    state->events.insert(state->events.end(), events.begin(),
                         events.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  [[nodiscard]] std::size_t size() const { return state->depth; }
};

/// An event as a receiver sees it, independent of where its bytes lie.
struct Seen {
  std::string topic;
  Bytes payload;
  std::uint8_t priority;
  bool sequenced;
  std::uint64_t producer;
  std::uint64_t sequence;
  std::uint64_t hash;
  friend bool operator==(const Seen&, const Seen&) = default;
};

inline Seen see(const event::Event& event) {
  const auto topic = event::topic(event);
  const auto payload = event::payload(event);
  return {{topic.begin(), topic.end()},
          {payload.begin(), payload.end()},
          event.priority,
          event.has(event::kSequenced),
          event.producer,
          event.sequence,
          event.topic_hash};
}

class RxFixture : public testing::Test {
 protected:
  using Stage = ingest::RxStage<ScriptedQueue, ScriptedSink>;

  RxFixture() {
    port_.udp_ports.insert(9001);
    port_.pool = pool_.get();
    port_.jumbo_pool = jumbo_.get();
  }
  ~RxFixture() override {
    release_events();
    EXPECT_TRUE(pool_.whole());
    EXPECT_TRUE(jumbo_.whole());
  }

  Stage& stage() {
    if (!stage_) {
      make_stage(
          stage_,
          {ingest::QueueBinding<ScriptedQueue>{queue_, &port_, event::Source::of_port(0, 0)}},
          sink_, route::TopicHasher(1), flow_, counters_, limits_, rules_);
    }
    return *stage_;
  }
  void give(std::span<const std::uint8_t> packet, std::vector<std::size_t> cuts = {}) {
    queue_.state->packets.push_back(pool_.packet(packet, std::move(cuts)));
  }
  /// Polls until a poll does nothing.
  void run(unsigned polls = 100) {
    for (unsigned i = 0; i < polls; ++i) {
      if (stage().poll(++now_) == 0 && queue_.state->packets.empty()) return;
    }
  }
  void release_events() {
    const std::array<rte_mempool*, 1> pools = {pool_.get()};
    event::Releaser releaser(pools);
    for (const event::Event& event : sink_.state->events) releaser.release(event);
    releaser.flush();
    sink_.state->events.clear();
  }
  [[nodiscard]] std::vector<Seen> seen() const {
    std::vector<Seen> all;
    for (const event::Event& event : sink_.state->events) all.push_back(see(event));
    return all;
  }
  [[nodiscard]] std::uint64_t dropped(FrameDrop reason) const {
    return counters_.frame_dropped.get(reason);
  }
  [[nodiscard]] std::uint64_t dropped(PacketDrop reason) const {
    return counters_.packet_dropped.get(reason);
  }

  TestPool pool_;
  TestPool jumbo_{7, 65407};
  ingest::PortContext port_;
  ScriptedQueue queue_;
  ScriptedSink sink_;
  control::FlowBoard flow_;
  RxCounters counters_;
  RxTestLimits limits_;
  const runtime::Published<route::Rules>* rules_ = nullptr;
  std::optional<Stage> stage_;
  std::uint64_t now_ = 0;
};

}  // namespace esc::test
