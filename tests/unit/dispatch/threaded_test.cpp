// SPDX-License-Identifier: BSD-3-Clause
// Dispatchers on threads of their own while another thread replaces their rules and thresholds,
// pauses them and reads every figure. For the thread sanitizer; the counts are exact all the same.
#include <gtest/gtest.h>
#include <rte_cycles.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "control/pressure_report.hpp"
#include "dispatch/dispatch_fixture.hpp"
#include "identity/producer_reader.hpp"
#include "runtime/lcore_loop.hpp"
#include "support/sanitizers.hpp"
#include "telemetry/ledger.hpp"
#include "worker/builtin_handlers.hpp"
#include "worker/worker_stage.hpp"

namespace esc::test {
namespace {

#ifdef ESC_UNDER_TSAN
constexpr std::uint64_t kTurns = 500;
constexpr std::uint64_t kThreadedEvents = 30'000;
#else
constexpr std::uint64_t kTurns = 10'000;
constexpr std::uint64_t kThreadedEvents = 200'000;
#endif
constexpr std::size_t kPipelines = 2;
constexpr std::size_t kThreadedWorkers = 2;  // of each pipeline
constexpr std::size_t kFeeders = 2;
constexpr std::size_t kProducersEach = 4;  // of each pipeline
constexpr std::size_t kKeys = 500;
enum Slot : std::uint32_t { kPlain, kSometimes, kKeyed, kSlots };

/// What all pipelines share.
struct Shared {
  control::FlowBoard flow;
  runtime::Quiescence quiescence{kPipelines};
  runtime::Published<route::Rules> rules{quiescence, rules_of(0)};
  runtime::Published<control::PressureTable> thresholds{quiescence, thresholds_of(0)};
  std::vector<identity::KeyedTable::Bucket> buckets =
      std::vector<identity::KeyedTable::Bucket>(1024);
  identity::KeyedTable keys{buckets, rte_get_tsc_hz() * 3600};
  identity::KeyHasher hasher{identity::random_key_secret()};
  TestPool pool;
  std::array<rte_mempool*, 1> pools{pool.get()};

  /// Every second set of rules has one more route; all of them treat the other topics alike.
  static std::unique_ptr<const route::Rules> rules_of(std::uint64_t turn) {
    std::vector<route::RouteSpec> specs = {
        {.topic = "plain", .slot = kPlain},
        {.topic = "key/+", .dedup = {config::DedupKind::kContent, 0, 0}, .slot = kKeyed}};
    if (turn % 2 == 1) specs.push_back({.topic = "sometimes", .slot = kSometimes});
    return make_rules(specs, kHasher);
  }
  static std::unique_ptr<const control::PressureTable> thresholds_of(std::uint64_t turn) {
    config::PressureConfig config;
    config.dwell_ms.fill(1 + static_cast<std::uint32_t>(turn % 3));
    return std::make_unique<const control::PressureTable>(
        control::make_pressure_table(config, rte_get_tsc_hz()));
  }
};

struct Worker {
  explicit Worker(Shared& shared) : stage(*ring, handlers, counters, shared.pools, 64) {}
  OwnedRing<WorkerRing> ring{64};
  std::vector<dispatch::HeldItem> hold = std::vector<dispatch::HeldItem>(16);
  worker::HandlerRegistry registry = worker::builtin_handlers();
  worker::HandlerSet handlers{registry, 0, kSlots};
  telemetry::WorkerCounters counters;
  worker::WorkerStage<> stage;
};

/// A dispatcher, what it reads from and its workers.
struct Pipeline {
  explicit Pipeline(Shared& shared) {
    dispatch::DispatchStage<>::Parts parts{.input = *input,
                                           .workers = {},
                                           .rules = shared.rules,
                                           .cache = cache.cache(),
                                           .producers = &producers.table,
                                           .keys = {&shared.keys, &shared.hasher},
                                           .flow = shared.flow,
                                           .probe = {&monitor, {}, worker_counters, 1},
                                           .pressure_table = &shared.thresholds,
                                           .counters = counters,
                                           .pools = shared.pools,
                                           .hold_limits = {},
                                           .lossless = true};
    for (std::size_t i = 0; i < kThreadedWorkers; ++i) {
      workers.push_back(std::make_unique<Worker>(shared));
      parts.workers.push_back({workers.back()->ring.get(), workers.back()->hold});
      worker_counters[i] = &workers.back()->counters;
    }
    stage.emplace(parts);
  }

  OwnedRing<IngestRing> input{256};
  PublishedRules cache{make_rules({}, kHasher)};  // for its cache's memory
  Producers producers;
  control::PressureMonitor monitor{*Shared::thresholds_of(0), rte_rdtsc()};
  std::array<const telemetry::WorkerCounters*, kThreadedWorkers> worker_counters{};
  telemetry::DispatchCounters counters;
  std::vector<std::unique_ptr<Worker>> workers;
  std::optional<dispatch::DispatchStage<>> stage;
};

/// Sends events of every kind into both pipelines, as an RX lcore does. All feeders send the same
/// numbers and the same keys, in the same order.
class Feeder {
 public:
  Feeder(std::size_t index, std::vector<event::Event>& plain_sometimes_keys, Shared& shared,
         std::vector<std::unique_ptr<Pipeline>>& pipelines)
      : index_(index), frames_(plain_sometimes_keys), shared_(shared), pipelines_(pipelines) {
    for (auto& pipeline : pipelines) inputs_.emplace_back(*pipeline->input);
  }

  void run(const std::atomic<bool>& stop) {
    for (; !stop.load(std::memory_order_acquire); ++rounds_) {
      for (std::size_t i = 0; i < kPipelines; ++i) send_round(i);
      // A key comes to different pipelines at about the same time.
      send((rounds_ + index_) % kPipelines, frames_[2 + rounds_ % kKeys]);
      while (shared_.flow.read() == control::Flow::kPaused) std::this_thread::yield();
    }
  }
  [[nodiscard]] std::uint64_t rounds() const noexcept { return rounds_; }

 private:
  void send_round(std::size_t pipeline) {
    send(pipeline, frames_[0]);
    send(pipeline, frames_[1]);
    for (std::size_t i = 0; i < kProducersEach; ++i) {
      event::Event numbered = frames_[0];
      numbered.producer = 1 + pipeline + kPipelines * i;
      numbered.sequence = rounds_;
      numbered.epoch = 1;
      numbered.flags |= event::kSequenced;
      send(pipeline, numbered);
    }
  }
  void send(std::size_t pipeline, const event::Event& event) {
    rte_mbuf_refcnt_update(event.mbuf, 1);
    while (inputs_[pipeline].push_burst({&event, 1}) == 0) {
      levels_ += static_cast<unsigned>(pipelines_[pipeline]->monitor.board().read().level());
      std::this_thread::yield();
    }
  }

  std::size_t index_;
  const std::vector<event::Event>& frames_;
  Shared& shared_;
  std::vector<std::unique_ptr<Pipeline>>& pipelines_;
  std::vector<IngestRing::Producer> inputs_;
  std::uint64_t rounds_ = 0;
  unsigned levels_ = 0;  ///< read, as an RX lcore does
};

class DispatchThreaded : public testing::Test {
 protected:
  DispatchThreaded() {
    for (std::size_t i = 0; i < kPipelines; ++i) {
      pipelines_.push_back(std::make_unique<Pipeline>(shared_));
    }
    const auto add = [this](std::string_view topic, std::size_t number) {
      frames_.push_back(make_event(shared_.pool, topic, 0, Bytes(1 + number, 7)));
      frames_.back().flags = static_cast<std::uint8_t>(frames_.back().flags & ~event::kSoleOwner);
      // If there is only one reference, DPDK changes the count without atomics, since nobody else
      // has one.
      rte_mbuf_refcnt_set(frames_.back().mbuf, 2);
    };
    add("plain", 0);
    add("sometimes", 0);
    for (std::size_t i = 0; i < kKeys; ++i) add("key/a", i);
    for (std::size_t i = 0; i < kFeeders; ++i) {
      feeders_.push_back(std::make_unique<Feeder>(i, frames_, shared_, pipelines_));
    }
  }
  ~DispatchThreaded() override {
    // All events that were sent have given their references back. Those that are left are ours.
    for (const event::Event& frame : frames_) {
      EXPECT_EQ(rte_mbuf_refcnt_read(frame.mbuf), 2U);
      event::free_segment(frame.mbuf);
      event::free_segment(frame.mbuf);
    }
    EXPECT_TRUE(shared_.pool.whole());
  }

  template <class... Stages>
  void start_lcore(runtime::QuiescentReader reader, std::vector<Stages*>... stages) {
    auto& status = *status_.emplace_back(std::make_unique<runtime::LcoreStatus>());
    lcores_.emplace_back([this, &status, reader,
                          lists = runtime::StageLists<Stages...>(stages...)] {
      runtime::run_lcore(lists, {.adaptive = true, .tsc_hz = rte_get_tsc_hz(), .sleep_max_us = 50},
                         stop_lcores_, status, reader);
    });
  }
  void start() {
    std::vector<worker::WorkerStage<>*> workers;
    for (std::size_t i = 0; i < kPipelines; ++i) {
      start_lcore(runtime::QuiescentReader(shared_.quiescence, i),
                  std::vector<dispatch::DispatchStage<>*>{&*pipelines_[i]->stage});
      for (const auto& worker : pipelines_[i]->workers) workers.push_back(&worker->stage);
    }
    start_lcore(runtime::QuiescentReader(), workers);
    for (const auto& feeder : feeders_) {
      feeding_.emplace_back([this, &feeder] { feeder->run(stop_feeders_); });
    }
  }

  /// Replaces the rules as the main lcore does for `escctl reload`; returns false if that is not
  /// possible yet.
  bool reload(std::uint64_t turn) {
    if (!shared_.rules.has_room() || !shared_.thresholds.has_room()) return false;
    shared_.rules.publish(Shared::rules_of(turn));
    shared_.thresholds.publish(Shared::thresholds_of(turn));
    return true;
  }

  /// Reads everything that an operator can ask for.
  void look() {
    std::vector<identity::ProducerReader> readers;
    for (const auto& pipeline : pipelines_) {
      readers.push_back(pipeline->producers.table.reader());
      const auto reading =
          control::read_pressure(pipeline->monitor, {rte_rdtsc(), rte_get_tsc_hz()});
      EXPECT_LE(reading.now.inputs[0], 1000);
      EXPECT_LE(pipeline->stage->key_counters()->fresh.get(), kKeys);
    }
    const auto found =
        identity::select_producers(readers, identity::ProducerOrder::kAccepted, 100, rte_rdtsc());
    EXPECT_LE(found.live, kPipelines * kProducersEach);
    for (const identity::ProducerFigures& one : found.producers) {
      // Every number came, without a gap.
      EXPECT_EQ(one.lost + one.missing, 0U);
      EXPECT_EQ(one.epoch, 1U);
    }
    const telemetry::Ledger ledger = read_ledger();
    EXPECT_LE(ledger.frames.delivered, received());
  }

  [[nodiscard]] telemetry::Ledger read_ledger() const {
    telemetry::Ledger ledger;
    for (const auto& pipeline : pipelines_) {
      for (const auto& worker : pipeline->workers) telemetry::add_ended(worker->counters, ledger);
      telemetry::add_ended(pipeline->counters, ledger);
    }
    return ledger;
  }
  [[nodiscard]] std::uint64_t received() const {
    std::uint64_t sum = 0;
    for (const auto& pipeline : pipelines_) sum += pipeline->counters.events_received.get();
    return sum;
  }
  [[nodiscard]] std::uint64_t delivered(std::uint32_t slot) const {
    std::uint64_t sum = 0;
    for (const auto& pipeline : pipelines_) {
      for (const auto& worker : pipeline->workers) {
        sum += worker->handlers.topics().totals(slot).delivered;
      }
    }
    return sum;
  }
  /// Runs until everything that was sent has been delivered; after that no thread runs.
  void finish() {
    stop_feeders_.store(true, std::memory_order_release);
    for (std::thread& feeder : feeding_) feeder.join();
    for (const auto& feeder : feeders_) rounds_.push_back(feeder->rounds());
    const std::uint64_t sent = (rounds_[0] + rounds_[1]) * (kPipelines * (2 + kProducersEach) + 1);
    while (received() < sent || read_ledger().frames_accounted() < sent) std::this_thread::yield();
    stop_lcores_.store(true, std::memory_order_release);
    for (std::thread& lcore : lcores_) lcore.join();
    EXPECT_EQ(received(), sent);
    EXPECT_EQ(read_ledger().frames_accounted(), sent);
  }

  Shared shared_;
  std::vector<std::unique_ptr<Pipeline>> pipelines_;
  std::vector<event::Event> frames_;
  std::vector<std::unique_ptr<Feeder>> feeders_;
  std::vector<std::unique_ptr<runtime::LcoreStatus>> status_;
  std::vector<std::thread> lcores_;
  std::vector<std::thread> feeding_;
  std::vector<std::uint64_t> rounds_;
  std::atomic<bool> stop_feeders_{false};
  std::atomic<bool> stop_lcores_{false};
};

TEST_F(DispatchThreaded, RulesAreReplacedAndFiguresReadWhileEventsFlow) {
  start();
  std::uint64_t turn = 1;
  const auto unknown = [this] {
    return read_ledger().frames.dropped[static_cast<std::size_t>(FrameDrop::kUnknownTopic)];
  };
  // Until both kinds of rules have met events, however the threads are scheduled.
  while (turn < kTurns || received() < kThreadedEvents || delivered(kSometimes) == 0 ||
         unknown() == 0) {
    if (!reload(turn)) {
      std::this_thread::yield();
      continue;
    }
    ++turn;
    if (turn % 8 == 0) shared_.flow.show(control::Flow::kPaused);
    look();
    shared_.flow.show(control::Flow::kOpen);
  }
  finish();

  const auto [least, most] = std::minmax(rounds_[0], rounds_[1]);
  const std::uint64_t each = rounds_[0] + rounds_[1];
  const telemetry::Ledger ledger = read_ledger();
  const auto duplicates = [&ledger](DuplicateBy by) {
    return ledger.frames.duplicate[static_cast<std::size_t>(by)];
  };
  const std::uint64_t by_number = duplicates(DuplicateBy::kNumber);
  EXPECT_EQ(by_number + ledger.frames.stale, kPipelines * kProducersEach * least);
  const std::uint64_t keys = std::min<std::uint64_t>(most, kKeys);
  EXPECT_EQ(duplicates(DuplicateBy::kKey), each - keys);
  EXPECT_EQ(ledger.frames_duplicate(), by_number + duplicates(DuplicateBy::kKey));
  EXPECT_EQ(delivered(kKeyed), keys);
  EXPECT_EQ(delivered(kPlain), kPipelines * (each + kProducersEach * most));
  EXPECT_EQ(delivered(kSometimes), kPipelines * each - unknown());
  EXPECT_EQ(ledger.frames_dropped(), unknown());
  EXPECT_TRUE(shared_.rules.reclaim());
  EXPECT_TRUE(shared_.thresholds.reclaim());
}

}  // namespace
}  // namespace esc::test
