// SPDX-License-Identifier: BSD-3-Clause
// A dispatcher between real rings, with real mbufs under its events.
#pragma once

#include "dispatch/dispatch_stage.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "support/events.hpp"
#include "support/rings.hpp"
#include "support/rules.hpp"

namespace esc::test {

/// A table of producers in memory of its own.
struct Producers {
  static constexpr std::size_t kWindow = 64;
  explicit Producers(std::size_t most = 16)
      : settings{.producers = most, .window = kWindow, .expiry_cycles = UINT64_MAX, .seed = 5} {}
  identity::ProducerTable::Settings settings;
  std::vector<identity::IndexBucket> index{identity::ProducerTable::buckets_for(settings)};
  std::vector<identity::ProducerEntry> entries{identity::ProducerTable::entries_for(settings)};
  std::vector<identity::ProducerFaults> faults{identity::ProducerTable::entries_for(settings)};
  std::vector<identity::BitWord> bits =
      std::vector<identity::BitWord>(identity::ProducerTable::words_for(settings));
  identity::ProducerTable table{settings, {index, entries, faults, bits}};
};

/// A table of keys in memory of its own.
struct Keys {
  std::vector<identity::KeyedTable::Bucket> buckets = std::vector<identity::KeyedTable::Bucket>(64);
  identity::KeyedTable table{buckets, 1'000'000'000};
  identity::KeyHasher hasher{identity::random_key_secret()};
  [[nodiscard]] dispatch::KeyStore store() noexcept { return {&table, &hasher}; }
};

class DispatchTest : public testing::Test {
 protected:
  ~DispatchTest() override {
    if (stage_) (void)discard();
    (void)dead_->consume_burst(
        SIZE_MAX, [](const storage::DeadItem& item) { event::free_segment(item.event.mbuf); });
    (void)ingest_->consume_burst(
        SIZE_MAX, [](const event::Event& event) { event::free_segment(event.mbuf); });
    for (std::size_t worker = 0; worker < rings_.size(); ++worker) (void)take(worker);
    EXPECT_TRUE(pool_.whole());
  }

  struct Limits {
    std::size_t burst = 64;
    std::size_t hold = 64;
    std::uint64_t hold_cycles = UINT64_MAX;
    bool lossless = true;
    identity::ProducerTable* producers = nullptr;
    dispatch::KeyStore keys{};
    bool keeps = false;  ///< dead letters, in dead_
    bool keeps_stale = false;
    std::size_t stream_cells = 0;  ///< for events of connections that wait
  };
  void make(const std::vector<route::RouteSpec>& routes, std::size_t workers, std::size_t cells,
            const Limits& limits) {
    rules_.emplace(make_rules(routes, kHasher, unknown_, bound_, replay_sources_));
    if (monitor_ != nullptr) {
      pressure_.emplace(rules_->quiescence, std::make_unique<const control::PressureTable>(
                                                control::make_pressure_table({}, 1'000'000)));
    }
    dispatch::DispatchStage<>::Parts parts{
        .input = *ingest_,
        .workers = {},
        .stream_cells = {},
        .held_board = &held_board_,
        .rules = rules_->published,
        .cache = rules_->cache(),
        .producers = limits.producers,
        .keys = limits.keys,
        .flow = flow_,
        .probe = {monitor_,
                  {},
                  worker_counters_,
                  0,
                  storage::Backlog{dead_rings_, gathered_, UINT64_MAX}},
        .pressure_table = monitor_ ? &*pressure_ : nullptr,
        .counters = counters_,
        .pools = pools_,
        .hold_limits = {limits.hold_cycles},
        .outlet = {limits.keeps ? dead_.get() : nullptr, dlq::Stage::kDispatch},
        .topics = topics_,
        .keeps_stale = limits.keeps_stale,
        .lossless = limits.lossless,
        .burst = limits.burst};
    stream_cells_.resize(limits.stream_cells);
    parts.stream_cells = stream_cells_;
    holds_.assign(workers, std::vector<dispatch::HeldItem>(limits.hold));
    for (std::size_t i = 0; i < workers; ++i) {
      rings_.push_back(std::make_unique<OwnedRing<WorkerRing>>(cells));
      parts.workers.push_back({rings_.back()->get(), holds_[i]});
    }
    stage_.emplace(parts);
  }
  void make(const std::vector<route::RouteSpec>& routes, std::size_t workers, std::size_t cells) {
    make(routes, workers, cells, Limits{});
  }

  /// Gives back what it holds.
  std::size_t discard() {
    return stage_->discard(
        [](const event::Event& event, DeadReason) { event::free_segment(event.mbuf); });
  }

  void give(std::string_view topic, std::uint64_t number = 0) {
    const event::Event event = make_event(pool_, topic, number);
    ASSERT_EQ(producer_.push_burst({&event, 1}), 1U);
  }

  /// Gives an event of a connection.
  void give_of(std::uint32_t slot, std::string_view topic, std::uint64_t number) {
    event::Event event = make_event(pool_, topic, number);
    event.flags &= static_cast<std::uint8_t>(~event::kSoleOwner);
    event.source = event::Source::of_connection(slot, 0);
    ASSERT_EQ(producer_.push_burst({&event, 1}), 1U);
  }

  /// Empties a worker's ring and gives the mbufs back.
  std::vector<event::WorkItem> take(std::size_t worker, std::size_t most = SIZE_MAX) {
    std::vector<event::WorkItem> items;
    (void)(*rings_[worker])->consume_burst(most, [&](const event::WorkItem& item) {
      items.push_back(item);
    });
    for (const event::WorkItem& item : items) releaser_.release(item.event);
    releaser_.flush();
    return items;
  }

  /// Gives a numbered event of epoch 1.
  void give(std::string_view topic, std::uint64_t producer, std::uint64_t sequence) {
    event::Event event = make_event(pool_, topic, sequence);
    event.producer = producer;
    event.epoch = 1;
    event.flags |= event::kSequenced;
    ASSERT_EQ(producer_.push_burst({&event, 1}), 1U);
  }

  [[nodiscard]] std::uint64_t dropped(FrameDrop reason) const {
    return counters_.frame_dropped.get(reason);
  }
  [[nodiscard]] std::uint64_t unknown() const { return dropped(FrameDrop::kUnknownTopic); }
  /// Every event that came in was routed, is held or was dropped. This holds between any two polls.
  void expect_balanced() const {
    EXPECT_EQ(counters_.events_received.get(),
              counters_.events_routed.get() + counters_.events_held.get() + unknown() +
                  counters_.duplicate.get() + counters_.stale.get() +
                  counters_.duplicate_key.get() + counters_.duplicate_replay.get() +
                  dropped(FrameDrop::kReplayNotAllowed) + dropped(FrameDrop::kWorkerFull) +
                  dropped(FrameDrop::kHoldExpired) + dropped(FrameDrop::kDlqBacklog) +
                  counters_.dead_lettered.get());
  }

  TestPool pool_;
  std::array<rte_mempool*, 1> pools_{pool_.get()};
  event::Releaser releaser_{pools_};
  OwnedRing<IngestRing> ingest_{512};
  OwnedRing<storage::DeadRing> dead_{64};
  std::vector<const storage::DeadRing*> dead_rings_{dead_.get()};
  telemetry::GatherCounters gathered_;
  IngestRing::Producer producer_{*ingest_};
  telemetry::DispatchCounters counters_;
  route::UnknownSpec unknown_;
  std::vector<config::ProducerConfig> bound_;
  std::vector<wire::IpPrefix> replay_sources_;
  std::vector<telemetry::TopicRefusals> topics_ = std::vector<telemetry::TopicRefusals>(8);
  std::optional<PublishedRules> rules_;
  control::FlowBoard flow_;
  control::PressureMonitor* monitor_ = nullptr;
  std::optional<runtime::Published<control::PressureTable>> pressure_;
  telemetry::WorkerCounters of_worker_;
  std::array<const telemetry::WorkerCounters*, 1> worker_counters_{&of_worker_};
  std::vector<std::unique_ptr<OwnedRing<WorkerRing>>> rings_;
  std::vector<std::vector<dispatch::HeldItem>> holds_;
  std::vector<dispatch::StreamCell> stream_cells_;
  control::HeldBoard held_board_{8};
  std::optional<dispatch::DispatchStage<>> stage_;
};

}  // namespace esc::test
