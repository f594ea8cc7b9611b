// SPDX-License-Identifier: BSD-3-Clause
// Where dead letters go: a store of them with its folder, as a node of the appliance.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "appliance/dead_letter_folder.hpp"
#include "appliance/node.hpp"
#include "config/config.hpp"
#include "dlq/retention.hpp"
#include "dlq/segment_log.hpp"
#include "dpdk/huge_array.hpp"
#include "storage/backlog.hpp"
#include "storage/dead_letter_kind.hpp"
#include "storage/outlet.hpp"
#include "storage/store.hpp"
#include "telemetry/ledger.hpp"
#include "telemetry/storage_counters.hpp"

namespace esc::appliance {

/// Made on the main lcore before the lcores run. Thread: main lcore, but for the figures, which any
/// thread may read.
class DeadLetters final : public Node {
 public:
  /// `folder` outlives it.
  DeadLetters(const config::Config& config, DeadLetterFolder& folder, std::size_t pipelines);
  ~DeadLetters() override;

  /// The end of a new ring, for one stage of one pipeline. Before make_stage().
  [[nodiscard]] storage::Outlet outlet(dlq::Stage stage, std::size_t pipeline, int node);
  /// How many of one pipeline's dead letters wait, including those of outlets that are made later.
  [[nodiscard]] storage::Backlog backlog(std::size_t pipeline) const noexcept;
  /// Once every stage has its outlet. `pools` outlive it.
  void make_stage(std::span<rte_mempool* const> pools);

  void enlist(LcoreStages& lcore) override;
  /// Lets the writing thread run, which stays on the caller's CPU.
  void start() override;
  void add_blocks(PipelineRange of, telemetry::LedgerBlocks& blocks) const override;
  [[nodiscard]] Load held(PipelineRange of, const telemetry::Ledger& counted) const override;
  [[nodiscard]] bool reading() const noexcept override { return false; }
  [[nodiscard]] Load room() const noexcept override;
  [[nodiscard]] std::uint64_t moves() const noexcept override;
  void zero_slot(std::uint32_t /*slot*/) noexcept override {}
  /// Brings what it has to the disk and seals the segment. False: the disk did not answer in time,
  /// and may still hold what is in flight.
  [[nodiscard]] bool discard(const Ending& ending) override;

  /// Now and then: a line in the log when the disk begins to refuse, and when it no longer does.
  void watch();

  /// With every lcore stopped: hands `event` over as a stage would; false: in the time given there
  /// was no room.
  [[nodiscard]] bool take(storage::Outlet& outlet, const event::Event& event, DeadReason reason,
                          std::chrono::steady_clock::time_point deadline);

  [[nodiscard]] const telemetry::StorageCounters& gathering() const noexcept {
    return store_.gathering();
  }
  [[nodiscard]] const telemetry::DiskCounters& disk() const noexcept { return store_.disk(); }
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  [[nodiscard]] const DeadLetterFolder& folder() const noexcept { return folder_; }
  /// Letters found at the start.
  [[nodiscard]] std::uint64_t recovered() const noexcept { return recovered_; }

 private:
  DeadLetters(const config::Config& config, DeadLetterFolder& folder, std::size_t pipelines,
              std::uint64_t run);

  std::string directory_;
  const DeadLetterFolder& folder_;
  bool uses_io_uring_;  ///< as watch() saw it
  std::uint64_t recovered_;
  std::uint64_t last_error_ = 0;  ///< as watch() saw it
  std::size_t cells_;
  dlq::SegmentLog log_;
  dlq::Retention retention_;
  std::vector<std::unique_ptr<dpdk::HugeArray<storage::DeadItem>>> memory_;  ///< of the rings
  storage::Store<storage::DeadLetterKind> store_;
};

/// The end of a new ring to `dead_letters`; of none where they are not kept.
[[nodiscard]] storage::Outlet outlet_of(DeadLetters* dead_letters, dlq::Stage stage,
                                        std::size_t pipeline, int node);

}  // namespace esc::appliance
