// SPDX-License-Identifier: BSD-3-Clause
// The node that keeps dead letters: a store, and the folder into which it writes.
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
#include "appliance/stage_needs.hpp"
#include "config/config.hpp"
#include "dlq/retention.hpp"
#include "dlq/segment_log.hpp"
#include "dpdk/huge_array.hpp"
#include "storage/backlog.hpp"
#include "storage/dead_item.hpp"
#include "storage/outlet.hpp"
#include "telemetry/ledger.hpp"
#include "telemetry/storage_counters.hpp"

namespace esc::appliance {

class DeadLetterStore;

/// Made on the main lcore before the lcores run. Thread: main lcore; any thread may read the
/// figures.
class DeadLetters final : public Node {
 public:
  [[nodiscard]] static StageNeeds needs(const config::Config& config, std::size_t packet_segments);

  /// `folder` outlives it.
  DeadLetters(const config::Config& config, DeadLetterFolder& folder, std::size_t pipelines);
  ~DeadLetters() override;

  /// Makes a ring for one stage's dead letters of one pipeline, and returns the stage's end of it.
  /// Call it before make_stage().
  [[nodiscard]] storage::Outlet outlet(dlq::Stage stage, std::size_t pipeline, int node);
  /// How many of one pipeline's dead letters wait, including those of outlets that are made later.
  [[nodiscard]] storage::Backlog backlog(std::size_t pipeline) const noexcept;
  /// Call it once every stage has its outlet. `pools` outlive the node.
  void make_stage(std::span<rte_mempool* const> pools);

  void enlist(LcoreStages& lcore) override;
  /// Starts the writing thread, which stays on the caller's CPU.
  void start() override;
  void add_ended(PipelineRange of, telemetry::Ledger& ledger) const override;
  void add_received(PipelineRange /*of*/, telemetry::Ledger& /*ledger*/) const override {}
  [[nodiscard]] Load held(PipelineRange of, const telemetry::Ledger& counted) const override;
  [[nodiscard]] bool reading() const noexcept override { return false; }
  [[nodiscard]] Load room() const noexcept override;
  [[nodiscard]] std::uint64_t moves() const noexcept override;
  [[nodiscard]] StageFigures figures() const override;
  void zero_slot(std::uint32_t /*slot*/) noexcept override {}
  /// Writes all letters that it has to the disk and seals the segment. False: the disk did not
  /// answer in time, and the writing thread may still hold what is in flight.
  [[nodiscard]] bool discard(const Ending& ending) override;

  /// Called now and then. Logs a line when the disk begins to refuse letters, and when it takes
  /// them again.
  void watch();

  /// Only once every lcore has stopped: hands `event` over as a stage would. Returns false if there
  /// was no room in time.
  [[nodiscard]] bool take(storage::Outlet& outlet, const event::Event& event, DeadReason reason,
                          std::chrono::steady_clock::time_point deadline);

  [[nodiscard]] const telemetry::StorageCounters& gathering() const noexcept;
  [[nodiscard]] const telemetry::DiskCounters& disk() const noexcept;
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  [[nodiscard]] const DeadLetterFolder& folder() const noexcept { return folder_; }
  /// How many letters were in the folder at the start.
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
  std::unique_ptr<DeadLetterStore> store_;
};

/// A stage's end of a new ring to `dead_letters`; if that is null, an outlet that keeps nothing.
[[nodiscard]] storage::Outlet outlet_of(DeadLetters* dead_letters, dlq::Stage stage,
                                        std::size_t pipeline, int node);

}  // namespace esc::appliance
