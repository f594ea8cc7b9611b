// SPDX-License-Identifier: BSD-3-Clause
// The appliance: ports, data path and lcores, from start to drain.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "appliance/data_path.hpp"
#include "appliance/rule_book.hpp"
#include "config/config.hpp"
#include "control/pipeline_state.hpp"
#include "dpdk/port.hpp"
#include "runtime/lcore_status.hpp"
#include "runtime/watchdog.hpp"
#include "telemetry/ledger.hpp"
#include "telemetry/stillness.hpp"
#include "topology/plan.hpp"

namespace esc::appliance {

/// How long an lcore that is not stuck may take to return: far beyond its longest nap.
inline constexpr std::uint32_t kStopTimeoutMs = 2000;

/// How long the disk may take for the dead letters that are left at the end.
inline constexpr std::uint32_t kDiskTimeoutMs = 10'000;

/// An idle lcore with a port naps up to lcores.sleep_max_us; one without, this many times as long.
inline constexpr std::uint32_t kNapsWithoutPort = 4;

/// How long a reader of the ledger waits for every lcore's next round: more than two of the longest
/// naps.
inline constexpr std::uint32_t kStillnessWaitMs = 10;

using control::PipelineRefusal;
using control::PipelineRequest;
using control::PipelineState;

/// Whether every mbuf came home.
struct PoolReport {
  std::string name;
  std::size_t size = 0;
  std::size_t available = 0;
  std::size_t kept_by_driver = 0;  ///< and will not come back: see dpdk::Port
  std::size_t repeated = 0;        ///< given back twice; known once the pools are counted

  [[nodiscard]] bool whole() const noexcept {
    return available + kept_by_driver == size && repeated == 0;
  }
};

/// EAL is up before it is made and outlives it, like `folder`, if dead letters are kept. Thread:
/// main lcore, but for the figures, which any thread may read while it lives.
class Appliance {
 public:
  /// Ends the process at once, with everything else where it is; does not return.
  using Leave = void (*)();

  /// `leave`: for the destructor, when an exception reaches it and an lcore does not stop.
  Appliance(const config::Config& config, const topology::LcorePlan& plan, DeadLetterFolder* folder,
            Leave leave);
  ~Appliance();
  Appliance(const Appliance&) = delete;
  Appliance& operator=(const Appliance&) = delete;

  /// Loads saved windows, then lets the lcores run.
  void start();
  /// With every lcore stopped, after a drain.
  void save_windows() const;

  /// Moves to another state, as far as it may: pauses, resumes, or begins to drain (RX stages take
  /// nothing more from their ports). `cause` as in PipelineStateHolder.
  [[nodiscard]] std::optional<PipelineRefusal> request(PipelineRequest request,
                                                       std::string_view cause);
  /// The first and the last step by which rules are replaced (see RuleBook).
  [[nodiscard]] std::variant<RuleBook::Recipe, RuleBook::Refusal> plan_rules(
      std::shared_ptr<const config::Config> config) {
    return rules_.plan(std::move(config));
  }
  void publish_rules(RuleBook::Built built);
  /// Now and then: frees what was replaced, once nobody uses it.
  void reclaim_rules();
  /// Now and then: how far back the table of keys reaches; a line in the log when it gets short.
  void watch_keys();
  /// Now and then: what has become of the ports' links; a line in the log for each that changed.
  void watch_links();
  /// Now and then: whether datagrams come with checksums that nobody computed; said once.
  void watch_checksums();
  /// Now and then: what the disk of dead letters says.
  void watch_dead_letters() { data_path_->watch_dead_letters(); }
  /// True once nothing is in flight: every lcore has begun a round since receiving stopped, so none
  /// still has a burst in hand that it has not counted, and the ledger shows nothing under way.
  [[nodiscard]] bool drained() const;
  /// Tells the lcores to return, each at the end of its round.
  void tell_lcores_to_stop();
  /// Waits up to `timeout_ms` for lcores that were told to stop. Those that did not.
  [[nodiscard]] std::vector<std::size_t> wait_for_lcores(std::uint32_t timeout_ms);
  /// With every lcore stopped: whatever is left becomes drained_at_deadline. How much that was.
  [[nodiscard]] DataPath::Discarded discard_rest() {
    return data_path_->discard_all(std::chrono::milliseconds(kDiskTimeoutMs));
  }
  /// With every lcore stopped: closes the ports and counts what is back in the pools, each mbuf
  /// once.
  void close_ports();
  /// What the mempools say of themselves; after close_ports() what was counted.
  [[nodiscard]] std::vector<PoolReport> pools() const;

  struct LedgerReading {
    telemetry::Ledger ledger;
    bool balanced = false;
  };
  /// Stopped, or found standing still: in_flight is what is in rings and stages, and the equations
  /// hold exactly or not at all. While events move: what is not accounted for is in flight, and may
  /// be no more than there is room for. Takes up to kStillnessWaitMs when nothing moves.
  [[nodiscard]] LedgerReading read_ledger() const;
  /// Of one pipeline, likewise; without the ports' losses.
  [[nodiscard]] LedgerReading read_ledger(std::size_t pipeline) const;

  [[nodiscard]] PipelineState state() const noexcept { return state_.state(); }
  [[nodiscard]] const control::PipelineStateHolder& states() const noexcept { return state_; }
  [[nodiscard]] const RuleBook& rules() const noexcept { return rules_; }
  [[nodiscard]] const config::Config& config() const noexcept { return config_; }
  [[nodiscard]] const topology::LcorePlan& plan() const noexcept { return plan_; }
  [[nodiscard]] const DataPath& data_path() const noexcept { return *data_path_; }
  [[nodiscard]] std::span<const std::unique_ptr<dpdk::Port>> ports() const noexcept {
    return ports_;
  }
  [[nodiscard]] std::span<const runtime::LcoreStatus> lcore_status() const noexcept {
    return status_;
  }
  /// What runs on an lcore, in polling order: "rx0", "dispatch", "worker1".
  [[nodiscard]] const std::vector<std::string>& roles(std::size_t lcore) const {
    return roles_[lcore];
  }

 private:
  struct LcoreJob {
    const LcoreStages* stages = nullptr;
    runtime::IdlePolicy idle;
    const std::atomic<bool>* stop = nullptr;
    runtime::LcoreStatus* status = nullptr;
    runtime::QuiescentReader reader;
  };
  static int run_lcore_job(void* job);
  [[nodiscard]] runtime::IdlePolicy idle_policy(std::size_t lcore) const;
  [[nodiscard]] std::vector<std::uint64_t> heartbeats() const;
  [[nodiscard]] bool stood_still(const telemetry::Stillness& since) const;
  template <class Read>
  [[nodiscard]] LedgerReading read_settled(const Read& read) const;
  void name_roles();

  const config::Config& config_;
  const topology::LcorePlan& plan_;
  Leave leave_;
  control::PipelineStateHolder state_;
  RuleBook rules_;
  dpdk::Pool jumbo_pool_;
  std::vector<std::unique_ptr<dpdk::Port>> ports_;
  std::vector<PoolReport> counted_pools_;
  std::unique_ptr<DataPath> data_path_;
  std::vector<runtime::LcoreStatus> status_;
  std::vector<std::vector<std::string>> roles_;
  std::vector<LcoreJob> jobs_;
  std::uint64_t receiving_stopped_tsc_ = 0;
  std::optional<DataPath::WorkerMarks> marks_;  ///< of a replacement whose slots are in use still
  bool rules_pending_ = false;                  ///< what was replaced is in use still
  bool checksums_told_ = false;
  bool launched_ = false;
  std::atomic<bool> stop_{false};
};

}  // namespace esc::appliance
