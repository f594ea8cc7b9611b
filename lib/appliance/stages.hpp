// SPDX-License-Identifier: BSD-3-Clause
// The types of the appliance's stages, and of the rings between them.
#pragma once

#include "dispatch/dispatch_stage.hpp"
#include "dpdk/rx_queue.hpp"
#include "event/event.hpp"
#include "ingest/rx_stage.hpp"
#include "intake/ring_sink.hpp"
#include "ring/spsc_ring.hpp"
#include "runtime/lcore_loop.hpp"
#include "storage/dead_letter_kind.hpp"
#include "storage/store_stage.hpp"
#include "worker/worker_stage.hpp"

namespace esc::appliance {

using intake::IngestRing;
using WorkerRing = ring::SpscRing<event::WorkItem>;

using RxStage = ingest::RxStage<dpdk::RxQueue, intake::RingSink>;
using DispatchStage = dispatch::DispatchStage<IngestRing, WorkerRing>;
using WorkerStage = worker::WorkerStage<WorkerRing>;
using StorageStage = storage::StoreStage<storage::DeadLetterKind>;

/// The stages that one lcore polls: their types in the order of topology::Role, any number of each.
using LcoreStages = runtime::StageLists<RxStage, DispatchStage, WorkerStage, StorageStage>;

}  // namespace esc::appliance
