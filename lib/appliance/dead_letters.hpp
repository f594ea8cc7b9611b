// SPDX-License-Identifier: BSD-3-Clause
// Where dead letters go: the rings to the storage lcore, its stage, the thread that writes, the
// folder.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "appliance/dead_letter_folder.hpp"
#include "config/config.hpp"
#include "dlq/retention.hpp"
#include "dlq/segment_log.hpp"
#include "dpdk/huge_array.hpp"
#include "storage/backlog.hpp"
#include "storage/commit_pipe.hpp"
#include "storage/commit_writer.hpp"
#include "storage/outlet.hpp"
#include "storage/storage_stage.hpp"
#include "telemetry/ledger.hpp"
#include "telemetry/storage_counters.hpp"

namespace esc::appliance {

using storage::StorageStage;

/// Made on the main lcore before the lcores run. Thread: main lcore, but for the figures, which any
/// thread may read.
class DeadLetters {
 public:
  /// `folder` outlives it.
  DeadLetters(const config::Config& config, DeadLetterFolder& folder, std::size_t pipelines);
  ~DeadLetters();
  DeadLetters(const DeadLetters&) = delete;
  DeadLetters& operator=(const DeadLetters&) = delete;

  /// The end of a new ring, for one stage of one pipeline. Before make_stage().
  [[nodiscard]] storage::Outlet outlet(dlq::Stage stage, std::size_t pipeline, int node);
  /// What waits of one pipeline's letters, those of outlets to come included.
  [[nodiscard]] storage::Backlog backlog(std::size_t pipeline) const noexcept;
  /// Once every stage has its outlet. `pools` outlive it.
  void make_stage(std::span<rte_mempool* const> pools);
  [[nodiscard]] StorageStage& stage() noexcept { return *stage_; }

  /// Lets the writing thread run, which stays on the caller's CPU.
  void start();

  /// Now and then: a line in the log when the disk begins to refuse, and when it no longer does.
  void watch();

  /// With every lcore stopped: hands `event` over as a stage would; false: in the time given there
  /// was no room. Ends the writing thread's wait for nobody but the disk.
  [[nodiscard]] bool take(storage::Outlet& outlet, const event::Event& event, DeadReason reason,
                          std::chrono::steady_clock::time_point deadline);
  /// With every lcore stopped: brings what it has to the disk and seals the segment. False: the
  /// disk did not answer in the time given, and may still hold what is in flight.
  [[nodiscard]] bool finish(std::chrono::steady_clock::time_point deadline);

  /// Dead letters of one pipeline that it holds. `settled` as the ledger read it before.
  [[nodiscard]] std::uint64_t in_flight(std::size_t pipeline, std::uint64_t settled) const noexcept;
  /// How many it has room for.
  [[nodiscard]] std::uint64_t room() const noexcept;
  /// A sum of counters of which every hand-over bumps one.
  [[nodiscard]] std::uint64_t moves() const noexcept;

  [[nodiscard]] const telemetry::SettledCounters& settled(std::size_t pipeline) const noexcept {
    return settled_[pipeline];
  }
  [[nodiscard]] const telemetry::StorageCounters& gathering() const noexcept { return counters_; }
  [[nodiscard]] const telemetry::DiskCounters& disk() const noexcept { return disk_; }
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  [[nodiscard]] const DeadLetterFolder& folder() const noexcept { return folder_; }
  /// Letters found at the start.
  [[nodiscard]] std::uint64_t recovered() const noexcept { return recovered_; }

 private:
  DeadLetters(const config::Config& config, DeadLetterFolder& folder, std::size_t pipelines,
              std::uint64_t run);

  struct Input {
    Input(std::size_t cells, std::size_t of_pipeline, int node)
        : memory("esc dead letters", cells, node), ring(memory.span()), pipeline(of_pipeline) {}
    dpdk::HugeArray<storage::DeadItem> memory;
    storage::DeadRing ring;
    std::size_t pipeline;
  };

  void write(const std::stop_token& stop);
  [[nodiscard]] bool all_settled() const noexcept;

  std::string directory_;
  const DeadLetterFolder& folder_;
  bool uses_io_uring_;  ///< as watch() saw it
  std::size_t burst_;
  std::size_t cells_;
  std::uint64_t commit_ms_;
  dlq::SegmentLog log_;
  dlq::Retention retention_;
  std::vector<std::unique_ptr<Input>> inputs_;
  std::vector<std::vector<const storage::DeadRing*>> rings_;  ///< by pipeline
  std::vector<telemetry::GatherCounters> gathered_;           ///< by pipeline
  std::vector<telemetry::SettledCounters> settled_;           ///< likewise
  telemetry::StorageCounters counters_;
  telemetry::DiskCounters disk_;
  std::uint64_t recovered_;
  std::uint64_t last_error_ = 0;  ///< as watch() saw it
  storage::CommitPipe pipe_;
  storage::CommitWriter writer_;
  std::unique_ptr<StorageStage> stage_;
  std::jthread thread_;
};

}  // namespace esc::appliance
