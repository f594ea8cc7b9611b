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
#include "appliance/pool_report.hpp"
#include "appliance/rule_book.hpp"
#include "config/config.hpp"
#include "control/pipeline_state.hpp"
#include "dpdk/port.hpp"
#include "runtime/idle.hpp"
#include "runtime/lcore_status.hpp"
#include "runtime/watchdog.hpp"
#include "telemetry/ledger.hpp"
#include "telemetry/stillness.hpp"
#include "topology/plan.hpp"

namespace esc::appliance {

/// How long an lcore may take to return before it counts as stuck: far longer than its longest nap.
inline constexpr std::uint32_t kStopTimeoutMs = 2000;

/// How long the disk may take for the dead letters that are left at the end.
inline constexpr std::uint32_t kDiskTimeoutMs = 10'000;

/// An idle lcore that polls a port naps for up to lcores.sleep_max_us; an lcore without a port for
/// up to this many times as long.
inline constexpr std::uint32_t kNapsWithoutPort = 4;

/// How long a reader of the ledger waits for every lcore's next round: more than two of the longest
/// naps.
inline constexpr std::uint32_t kStillnessWaitMs = 10;

using control::PipelineRefusal;
using control::PipelineRequest;
using control::PipelineState;

/// EAL is up before it is made and outlives it, like `handlers`, by whose names the configuration
/// was loaded, and `folder`, if dead letters are kept. Thread:
/// main lcore, but for the figures, which any thread may read while it lives.
class Appliance {
 public:
  /// Ends the process at once, without destroying anything; does not return.
  using Leave = void (*)();

  /// `leave`: called by the destructor if it runs because of an exception and an lcore does not
  /// stop.
  Appliance(const config::Config& config, const topology::LcorePlan& plan,
            const worker::HandlerRegistry& handlers, DeadLetterFolder* folder, Leave leave);
  ~Appliance();
  Appliance(const Appliance&) = delete;
  Appliance& operator=(const Appliance&) = delete;

  /// Loads saved windows, then lets the lcores run.
  void start();
  /// With every lcore stopped, after a drain.
  void save_windows() const;

  /// Asks for another state: pauses, resumes, or begins to drain (RX stages take nothing more from
  /// their ports). Returns a refusal if that is not allowed now. `cause` as in PipelineStateHolder.
  [[nodiscard]] std::optional<PipelineRefusal> request(PipelineRequest request,
                                                       std::string_view cause);
  /// The first and the last step by which rules are replaced (see RuleBook).
  [[nodiscard]] std::variant<RuleBook::Recipe, RuleBook::Refusal> plan_rules(
      std::shared_ptr<const config::Config> config) {
    return rules_.plan(std::move(config));
  }
  void publish_rules(RuleBook::Built built);
  /// Called now and then. Frees replaced rules, once nobody uses them.
  void reclaim_rules();
  /// Called now and then. Checks how far back the table of keys reaches; logs a line when that gets
  /// too short.
  void watch_keys();
  /// Called now and then. Looks at the ports' links; logs a line for each that has changed.
  void watch_links();
  /// Called now and then. Checks whether datagrams come with checksums that nobody computed; logs
  /// that once.
  void watch_checksums();
  /// Called now and then. Checks whether the disk takes dead letters.
  void watch_dead_letters() { data_path_->watch_dead_letters(); }
  /// True once nothing is in flight: every lcore has begun a round since receiving stopped, so none
  /// still has a burst that it has not counted, and the ledger has nothing in flight.
  [[nodiscard]] bool drained() const;
  /// Tells the lcores to return, each at the end of its round.
  void tell_lcores_to_stop();
  /// Waits up to `timeout_ms` for lcores that were told to stop; returns those that did not.
  [[nodiscard]] std::vector<std::size_t> wait_for_lcores(std::uint32_t timeout_ms);
  /// With every lcore stopped: gives up everything that is left as drained_at_deadline; returns how
  /// much that was.
  [[nodiscard]] DataPath::Discarded discard_rest() {
    return data_path_->discard_all(std::chrono::milliseconds(kDiskTimeoutMs));
  }
  /// With every lcore stopped: closes the ports and counts what is back in the pools, each mbuf
  /// once.
  void close_ports();
  /// The mbufs in each mempool: by its own count, and after close_ports() as counted one by one.
  [[nodiscard]] std::vector<PoolReport> pools() const;

  struct LedgerReading {
    telemetry::Ledger ledger;
    bool balanced = false;
  };
  /// If the appliance has stopped, or is found standing still, in_flight is measured in rings and
  /// stages, and `balanced` says whether the equations hold exactly. While events move, in_flight
  /// is what is not accounted for, and `balanced` says whether that is no more than there is room
  /// for. Takes up to kStillnessWaitMs when nothing moves.
  [[nodiscard]] LedgerReading read_ledger() const;
  /// The same for one pipeline, without the ports' losses.
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
  /// What runs on an lcore, in polling order: "rx0", "dispatch0", "worker1".
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
  /// A pool that belongs to no port.
  struct OwnPool {
    const char* name;
    const dpdk::Pool* pool;
  };
  [[nodiscard]] std::vector<OwnPool> own_pools() const;

  const config::Config& config_;
  const topology::LcorePlan& plan_;
  Leave leave_;
  control::PipelineStateHolder state_;
  RuleBook rules_;
  dpdk::Pool jumbo_pool_;
  std::optional<dpdk::Pool> tcp_pool_;  ///< none: there are no listeners
  std::vector<std::unique_ptr<dpdk::Port>> ports_;
  std::vector<PoolReport> counted_pools_;
  std::unique_ptr<DataPath> data_path_;
  std::vector<runtime::LcoreStatus> status_;
  std::vector<std::vector<std::string>> roles_;
  std::vector<LcoreJob> jobs_;
  std::uint64_t receiving_stopped_tsc_ = 0;
  /// Set while slots of replaced routes are still in use.
  std::optional<DataPath::WorkerMarks> marks_;
  bool rules_pending_ = false;  ///< replaced rules are still in use
  bool checksums_told_ = false;
  bool launched_ = false;
  std::atomic<bool> stop_{false};
};

}  // namespace esc::appliance
