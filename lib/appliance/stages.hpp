// SPDX-License-Identifier: BSD-3-Clause
// The types of the appliance's stages: whole, for those who make and poll them.
#pragma once

#include <tuple>
#include <vector>

#include "appliance/stage_names.hpp"
#include "base/align.hpp"
#include "dispatch/dispatch_stage.hpp"
#include "dpdk/rx_queue.hpp"
#include "ingest/rx_stage.hpp"
#include "runtime/lcore_loop.hpp"
#include "storage/dead_letter_kind.hpp"
#include "storage/store_stage.hpp"
#include "worker/worker_stage.hpp"

namespace esc::appliance {

// What an lcore writes at every poll shares no pair of cache lines with what the heap gives others.
class alignas(kLinePairBytes) RxStage final
    : public ingest::RxStage<dpdk::RxQueue, intake::RingSink> {
 public:
  using ingest::RxStage<dpdk::RxQueue, intake::RingSink>::RxStage;
};
class alignas(kLinePairBytes) DispatchStage final
    : public dispatch::DispatchStage<IngestRing, WorkerRing> {
 public:
  using dispatch::DispatchStage<IngestRing, WorkerRing>::DispatchStage;
};
class alignas(kLinePairBytes) WorkerStage final : public worker::WorkerStage<WorkerRing> {
 public:
  using worker::WorkerStage<WorkerRing>::WorkerStage;
};
using StorageStage = storage::StoreStage<storage::DeadLetterKind>;

/// The stages that one lcore polls, in the order of topology::Role: the number of a stage in it is
/// the number of its name among the lcore's roles.
class LcoreStages {
 public:
  using Lists = runtime::StageLists<RxStage, DispatchStage, WorkerStage, StorageStage>;

  template <class Stage>
  void add(Stage& stage) {
    std::get<std::vector<Stage*>>(lists_).push_back(&stage);
  }
  template <class Stage>
  [[nodiscard]] const std::vector<Stage*>& all() const noexcept {
    return std::get<std::vector<Stage*>>(lists_);
  }
  [[nodiscard]] const Lists& lists() const noexcept { return lists_; }

 private:
  Lists lists_;
};

}  // namespace esc::appliance
