// SPDX-License-Identifier: BSD-3-Clause
#include "appliance/tcp_node.hpp"

#include <rte_cycles.h>

#include <algorithm>
#include <utility>

#include "appliance/dispatch_node.hpp"
#include "appliance/sizing.hpp"
#include "appliance/stages.hpp"
#include "base/start_error.hpp"
#include "wire/endpoint.hpp"

namespace esc::appliance {
namespace {

// How long after a question without answer the kernel is asked again which connections have
// something: a burst takes longer, and a role that shares its lcore costs the others little.
constexpr std::uint64_t kAskHz = 50'000;

// How long nothing is accepted after a connection could not be.
constexpr std::uint64_t kAcceptPauseMs = 100;

// Buffers beyond one for each connection: what is in flight.
constexpr std::size_t kMoreBuffers = 64;

// The most frames that a buffer can hold: the shortest has 8 bytes.
constexpr std::uint64_t kMaxFramesPerBuffer = kJumboDataBytes / 8 + 1;

wire::Endpoint endpoint_of(const config::TcpConfig& each) {
  const auto endpoint = wire::Endpoint::from(each.listen);
  if (!endpoint) throw StartError(each.listen + " is no address with a port", "correct [[tcp]]");
  return *endpoint;
}

tcp::ListenOptions options_of(const config::Config& config) {
  return {.shared = config.lcores.tcp.size() > 1};
}

}  // namespace

// All of them listen until the last is looked at: two may be in each other's way, 0.0.0.0 and an
// address with one port.
std::vector<ListenTrouble> check_listeners(const config::Config& config) {
  std::vector<tcp::Listener> listeners;
  std::vector<ListenTrouble> found;
  for (std::size_t i = 0; i < config.tcp.size(); ++i) {
    try {
      listeners.emplace_back(endpoint_of(config.tcp[i]), options_of(config));
    } catch (const StartError& error) {
      found.push_back({i, error});
    }
  }
  return found;
}

std::size_t tcp_buffers(const config::Config& config) {
  if (config.tcp.empty()) return 0;
  const std::size_t roles = config.lcores.tcp.size();
  if (config.connections.pool_bytes == 0) {
    return roles * (config.connections.max + kMoreBuffers);
  }
  return std::max(
      dpdk::mbufs_in(config.connections.pool_bytes, kJumboDataBytes, dpdk::kHugepageBytes), roles);
}

StageNeeds TcpNode::needs(const config::Config& config, std::size_t /*packet_segments*/) {
  // Its events lie in buffers of a pool of its own, so it takes nothing of a port's.
  return {.lcores = config.lcores.tcp.size()};
}

TcpNode::TcpNode(const config::Config& config, const ReceivingParts& parts,
                 const intake::FrameSource& source)
    : ReceivingNode(topology::Role::kTcp, parts),
      burst_(config.rings.burst),
      connections_(config.connections.max) {
  for (const config::TcpConfig& each : config.tcp) {
    listeners_.emplace_back(endpoint_of(each), options_of(config));
  }
  stage_ = make_stage(config, parts, source);
  if (stage_->unwatched() != 0) {
    throw StartError("the kernel has no memory to watch the TCP listeners",
                     "raise fs.epoll.max_user_watches, or have fewer [[tcp]]");
  }
}

TcpNode::~TcpNode() = default;

std::unique_ptr<TcpStage> TcpNode::make_stage(const config::Config& config,
                                              const ReceivingParts& parts,
                                              const intake::FrameSource& source) {
  std::vector<const control::PressureBoard*> pressure;
  std::vector<const control::HeldBoard*> held;
  for (const DispatchNode* dispatcher : dispatchers()) {
    pressure.push_back(&dispatcher->pressure().board());
    held.push_back(&dispatcher->held_board());
  }
  std::vector<int> sockets;
  for (const tcp::Listener& listener : listeners_) sockets.push_back(listener.fd());
  const std::uint64_t hz = rte_get_tsc_hz();
  return std::make_unique<TcpStage>(TcpStage::Parts{
      .sockets = {},
      .listeners = std::move(sockets),
      .intake = TcpStage::Intake(make_lanes(dlq::Stage::kTcp, parts), parts.hasher, parts.owner,
                                 {.burst = burst_}),
      .source = &source,
      .pressure = std::move(pressure),
      .held = std::move(held),
      .counters = &counters_,
      .board = &connections_,
      .flow = &parts.flow,
      .rules = &parts.rules,
      .limits = {.connections = config.connections.max,
                 .first_slot = static_cast<std::uint32_t>(role().index * config.connections.max),
                 .buffers = tcp_buffers(config) / config.lcores.tcp.size(),
                 .credit_events = config.connections.credit_events,
                 .soft_mark_cells = config.rings.ingest_soft_mark_cells,
                 .wait_cycles = hz / kAskHz,
                 .accept_pause_cycles = hz / 1000 * kAcceptPauseMs}});
}

std::uint64_t TcpNode::waiting(std::uint32_t slot) const noexcept {
  std::uint64_t events = 0;
  const auto first = static_cast<std::uint32_t>(role().index * connections_.slots());
  for (const DispatchNode* dispatcher : dispatchers()) {
    events += dispatcher->held_board().get(first + slot);
  }
  return events;
}

void TcpNode::enlist(LcoreStages& lcore) {
  lcore.add(*stage_);
}

void TcpNode::add_ended(PipelineRange of, telemetry::Ledger& ledger) const {
  ReceivingNode::add_ended(of, ledger);
  if (of.count == dispatchers().size()) telemetry::add_ended(counters_, ledger);
}

void TcpNode::add_received(PipelineRange of, telemetry::Ledger& ledger) const {
  ReceivingNode::add_received(of, ledger);
  if (of.count == dispatchers().size()) telemetry::add_received(counters_, ledger);
}

Load TcpNode::room() const noexcept {
  // As for an RX stage: between the counts of a refused frame, all frames of one read are in
  // flight.
  return {.frames = kMaxFramesPerBuffer + burst_ * dispatchers().size()};
}

bool TcpNode::reading() const noexcept {
  // In this order: the stage shows one before it takes the other back.
  return counters_.unread.get() != 0 || ReceivingNode::reading();
}

std::uint64_t TcpNode::moves() const noexcept {
  return ReceivingNode::moves() + counters_.bytes.get();
}

StageFigures TcpNode::figures() const {
  StageFigures figures{
      .role = role(), .blocks = {{telemetry::AnyReading::of(counters_)}}, .rings = {}};
  for (std::size_t i = 0; i < frames().size(); ++i) {
    figures.blocks.push_back({telemetry::AnyReading::of(frames()[i]), i});
  }
  return figures;
}

bool TcpNode::discard(const Ending& ending) {
  discard_stage(*stage_, ending);
  return true;
}

}  // namespace esc::appliance
