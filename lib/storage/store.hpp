// SPDX-License-Identifier: BSD-3-Clause
// A store keeps events on the disk. It consists of the rings into which stages put items, the stage
// that gathers items into commits, the commit buffers, and the thread that writes them.
#pragma once

#include <rte_cycles.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "dlq/retention.hpp"
#include "dlq/segment_log.hpp"
#include "ring/spsc_ring.hpp"
#include "storage/commit_pipe.hpp"
#include "storage/commit_writer.hpp"
#include "storage/settlement.hpp"
#include "storage/store_kind.hpp"
#include "storage/store_stage.hpp"
#include "storage/writing_thread.hpp"
#include "telemetry/storage_counters.hpp"

namespace esc::storage {

struct StoreSettings {
  std::size_t pipelines = 1;
  std::size_t commit_buffers = 8;
  std::size_t commit_bytes = 0;
  std::uint64_t commit_ms = 0;  ///< a commit is handed over after this time even if it is not full
  std::uint64_t run = 0;        ///< number of this start of the appliance; it is in every record
  std::size_t burst = 64;
};

/// Made on the main lcore before the other lcores run: first add_input() for each stage that puts
/// items into it, then make_stage(), then start(). Thread: the main lcore; any thread may read the
/// figures.
template <StoreKind Kind>
class Store {
 public:
  using Item = typename Kind::Item;
  using Ring = ring::SpscRing<Item>;
  using Stage = StoreStage<Kind>;
  using Deadline = std::chrono::steady_clock::time_point;

  /// `log` and `retention` outlive it.
  Store(const StoreSettings& settings, dlq::SegmentLog& log, const dlq::Retention& retention)
      : settings_(settings),
        rings_(settings.pipelines),
        settlement_(settings.pipelines),
        pipe_(settings.commit_buffers, settings.commit_bytes, settings.run, settings.pipelines,
              Kind::kOutcomes),
        writer_(
            pipe_, log, retention,
            [this](const Commit& commit, bool durable) { settlement_.settle(commit, durable); },
            disk_),
        thread_(writer_) {}

  /// Makes a ring over `cells`, which outlive the store, for one stage's events of one pipeline.
  /// Call it before make_stage().
  [[nodiscard]] Ring& add_input(std::span<Item> cells, std::size_t pipeline) {
    inputs_.push_back(std::make_unique<OwnInput>(cells, static_cast<std::uint16_t>(pipeline)));
    rings_[pipeline].push_back(&inputs_.back()->ring);
    return inputs_.back()->ring;
  }
  /// The rings of one pipeline. Inputs that are added later appear in the same vector.
  [[nodiscard]] const std::vector<const Ring*>& rings(std::size_t pipeline) const noexcept {
    return rings_[pipeline];
  }

  /// Call it once every stage has its input. `pools` outlive the store.
  void make_stage(std::span<rte_mempool* const> pools) {
    std::vector<StoreInput<Kind>> inputs;
    for (const auto& input : inputs_) inputs.push_back({&input->ring, input->pipeline});
    const std::uint64_t hz = rte_get_tsc_hz();
    stage_.emplace(StoreParts<Kind>{
        .inputs = std::move(inputs),
        .pipe = pipe_,
        .settlement = settlement_,
        .counters = counters_,
        .pools = pools,
        .unix_ns = &unix_ns,
        .cycles_per_second = static_cast<double>(hz),
        .limits = {.burst = settings_.burst, .commit_cycles = hz / 1000 * settings_.commit_ms}});
  }
  [[nodiscard]] Stage& stage() noexcept { return *stage_; }

  void start(const char* thread_name) { thread_.start(thread_name); }

  /// Only once every lcore has stopped: calls put() -> bool until it returns true, and polls the
  /// stage in between to make room. Returns false if there was no room until `deadline`.
  template <class Put>
  [[nodiscard]] bool put_late(Put&& put, Deadline deadline) {
    while (!put()) {
      if (stage_->poll(rte_rdtsc()) == 0 && !nap(deadline)) return false;
    }
    return true;
  }
  /// Only once every lcore has stopped: settles all that the store has and seals the log. Returns
  /// false if the disk did not answer until `deadline`; the writing thread may then still hold what
  /// is in flight.
  [[nodiscard]] bool finish(Deadline deadline) {
    while (!stage_->idle() || !settlement_.complete()) {
      if (stage_->poll(rte_rdtsc()) != 0) continue;
      stage_->flush();
      if (!nap(deadline)) {
        thread_.abandon();
        return false;
      }
    }
    thread_.finish();
    return true;
  }

  /// How many events are in the rings of one pipeline.
  [[nodiscard]] std::uint64_t in_rings(std::size_t pipeline) const noexcept {
    std::uint64_t events = 0;
    for (const Ring* ring : rings_[pipeline]) events += ring->size();
    return events;
  }
  /// The largest number of events that the store can hold.
  [[nodiscard]] std::uint64_t room() const noexcept {
    std::uint64_t events = Stage::kMaxBurst;
    for (const auto& input : inputs_) events += input->ring.capacity();
    return events + settings_.commit_buffers * pipe_.records_in_a_commit();
  }
  /// A sum of counters, such that every hand-over adds one to at least one of them
  /// (telemetry::Stillness).
  [[nodiscard]] std::uint64_t moves() const noexcept {
    std::uint64_t sum = disk_.commits.get() + disk_.commits_failed.get();
    for (std::size_t i = 0; i < rings_.size(); ++i) sum += settlement_.taken(i).taken.get();
    return sum;
  }

  [[nodiscard]] const Settlement<Kind>& settlement() const noexcept { return settlement_; }
  [[nodiscard]] const telemetry::StorageCounters& gathering() const noexcept { return counters_; }
  [[nodiscard]] const telemetry::DiskCounters& disk() const noexcept { return disk_; }

 private:
  static constexpr std::chrono::milliseconds kNap{1};

  struct OwnInput {
    OwnInput(std::span<Item> cells, std::uint16_t of_pipeline)
        : ring(cells), pipeline(of_pipeline) {}
    Ring ring;
    std::uint16_t pipeline;
  };

  /// Waits a moment for the disk; returns false without waiting if `deadline` is past.
  [[nodiscard]] static bool nap(Deadline deadline) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kNap);
    return true;
  }

  StoreSettings settings_;
  std::vector<std::unique_ptr<OwnInput>> inputs_;
  std::vector<std::vector<const Ring*>> rings_;  ///< by pipeline
  Settlement<Kind> settlement_;
  telemetry::StorageCounters counters_;
  telemetry::DiskCounters disk_;
  CommitPipe pipe_;
  CommitWriter writer_;
  std::optional<Stage> stage_;
  WritingThread thread_;
};

}  // namespace esc::storage
