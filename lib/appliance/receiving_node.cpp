// SPDX-License-Identifier: BSD-3-Clause
#include "appliance/receiving_node.hpp"

#include <algorithm>

#include "appliance/dead_letters.hpp"
#include "appliance/dispatch_node.hpp"

namespace esc::appliance {

ReceivingNode::ReceivingNode(topology::Role role, const ReceivingParts& parts)
    : Node({role, parts.index}),
      frames_(parts.dispatchers.size()),
      dispatchers_(parts.dispatchers.begin(), parts.dispatchers.end()) {}

ReceivingNode::Lanes ReceivingNode::make_lanes(dlq::Stage stage, const ReceivingParts& parts) {
  Lanes lanes;
  for (std::size_t i = 0; i < dispatchers_.size(); ++i) {
    lanes.emplace_back(intake::RingSink(dispatchers_[i]->ring()), frames_[i],
                       &dispatchers_[i]->pressure().board(),
                       outlet_of(parts.dead_letters, stage, i, parts.socket));
  }
  return lanes;
}

void ReceivingNode::add_ended(PipelineRange of, telemetry::Ledger& ledger) const {
  for (std::size_t i = of.first; i < of.first + of.count; ++i) {
    telemetry::add_ended(frames_[i], ledger);
  }
}

void ReceivingNode::add_received(PipelineRange of, telemetry::Ledger& ledger) const {
  for (std::size_t i = of.first; i < of.first + of.count; ++i) {
    telemetry::add_received(frames_[i], ledger);
  }
}

Load ReceivingNode::held(PipelineRange of, const telemetry::Ledger& /*counted*/) const {
  Load load;
  for (std::size_t i = of.first; i < of.first + of.count; ++i) {
    load.frames += frames_[i].events_held.get();
  }
  return load;
}

bool ReceivingNode::reading() const noexcept {
  return std::ranges::any_of(
      frames_, [](const telemetry::FrameCounters& c) { return c.datagram_open.get() != 0; });
}

std::uint64_t ReceivingNode::moves() const noexcept {
  std::uint64_t sum = 0;
  for (const telemetry::FrameCounters& c : frames_) {
    sum += c.frames_received.get() + c.events_pushed.get() + c.dead_lettered.get();
  }
  return sum;
}

void ReceivingNode::give_up(std::size_t pipeline, const event::Event& event, const Ending& ending,
                            storage::Outlet& outlet, telemetry::FrameCounters& counters) {
  dispatchers_[pipeline]->discard_one(event, ending, outlet, counters);
}

}  // namespace esc::appliance
