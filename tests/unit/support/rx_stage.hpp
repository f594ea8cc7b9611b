// SPDX-License-Identifier: BSD-3-Clause
// An RX stage with its intake, as tests make them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "ingest/rx_stage.hpp"

namespace esc::test {

/// Both blocks that an RX stage has for one pipeline.
struct RxCounters : telemetry::PacketCounters, telemetry::FrameCounters {
  [[nodiscard]] std::span<telemetry::PacketCounters> packets() noexcept {
    return {static_cast<telemetry::PacketCounters*>(this), 1};
  }
};

/// Limits of the stage and of its intake.
struct RxTestLimits {
  std::size_t burst = 64;
  std::size_t soft_mark_cells = 512;
  std::uint64_t jumbo_wait_cycles = 0;
  std::uint64_t paused_poll_cycles = 0;
};

template <class Queue, class Sink, intake::Way kWay>
void make_stage(std::optional<ingest::RxStage<Queue, Sink, kWay>>& stage,
                std::vector<ingest::QueueBinding<Queue>> queues,
                std::vector<intake::Lane<Sink>> lanes, const route::TopicHasher& hasher,
                const identity::ProducerOwner& owner, const control::FlowBoard& flow,
                std::span<telemetry::PacketCounters> packets, const RxTestLimits& limits = {},
                const runtime::Published<route::Rules>* rules = nullptr) {
  stage.emplace(std::move(queues),
                intake::Intake<Sink, kWay>(
                    std::move(lanes), hasher, owner,
                    {.burst = limits.burst, .jumbo_wait_cycles = limits.jumbo_wait_cycles}),
                packets, flow,
                ingest::RxLimits{.burst = limits.burst,
                                 .soft_mark_cells = limits.soft_mark_cells,
                                 .paused_poll_cycles = limits.paused_poll_cycles},
                rules);
}

/// Makes a stage for a single pipeline, without pressure. `counters` and `flow` outlive the stage.
template <class Queue, class Sink, intake::Way kWay>
void make_stage(std::optional<ingest::RxStage<Queue, Sink, kWay>>& stage,
                std::vector<ingest::QueueBinding<Queue>> queues, Sink sink,
                const route::TopicHasher& hasher, const control::FlowBoard& flow,
                RxCounters& counters, const RxTestLimits& limits = {},
                const runtime::Published<route::Rules>* rules = nullptr) {
  std::vector<intake::Lane<Sink>> lanes;
  lanes.emplace_back(std::move(sink), counters);
  make_stage(stage, std::move(queues), std::move(lanes), hasher, identity::ProducerOwner(0, 1),
             flow, counters.packets(), limits, rules);
}

}  // namespace esc::test
