// SPDX-License-Identifier: BSD-3-Clause
// The control side of a stage: what every stage has to say of itself, and how it ends. The
// appliance sums, waits, names and discards by loops over nodes; polling knows nothing of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "appliance/ending.hpp"
#include "appliance/stages.hpp"
#include "telemetry/ledger.hpp"
#include "topology/plan.hpp"

namespace esc::appliance {

/// Pipelines that follow one another.
struct PipelineRange {
  std::size_t first = 0;
  std::size_t count = 0;

  [[nodiscard]] bool has(std::size_t pipeline) const noexcept {
    return pipeline - first < count;  // wraps below `first`
  }
};

/// So many frames, and so many packets whose frames are not read yet.
struct Load {
  std::uint64_t frames = 0;
  std::uint64_t packets = 0;

  Load& operator+=(const Load& other) noexcept {
    frames += other.frames;
    packets += other.packets;
    return *this;
  }
};

/// A stage with all that belongs to it: the ring that it takes from, its counters, its memory. Made
/// on the main lcore before the lcores run. What it must say is pure virtual, so that a new stage
/// that leaves something out of the appliance's sums does not compile. Thread: any for the const
/// functions, while it lives; the main lcore for the rest.
class Node {
 public:
  Node(topology::RoleIndex role, std::string name) : role_(role), name_(std::move(name)) {}
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  [[nodiscard]] topology::RoleIndex role() const noexcept { return role_; }
  /// As it is called in figures, in the plan and in the log: "rx0", "dispatch", "worker1".
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// Adds its stage to those that one lcore polls.
  virtual void enlist(LcoreStages& lcore) = 0;
  /// Before the lcores run: lets its own threads run, if it has any.
  virtual void start() = 0;

  /// Adds its counters of those pipelines to what telemetry::collect() adds up.
  virtual void add_blocks(PipelineRange of, telemetry::LedgerBlocks& blocks) const = 0;
  /// What it holds of those pipelines, its input ring included. Exact once its lcore has stopped.
  /// `counted`: their ledger, which was read before.
  [[nodiscard]] virtual Load held(PipelineRange of, const telemetry::Ledger& counted) const = 0;
  /// It is in the middle of something that is not counted as received yet.
  [[nodiscard]] virtual bool reading() const noexcept = 0;
  /// The most that it can hold, its input ring included.
  [[nodiscard]] virtual Load room() const noexcept = 0;
  /// A sum of counters of which every hand-over to it or from it bumps one: for
  /// telemetry::Stillness.
  [[nodiscard]] virtual std::uint64_t moves() const noexcept = 0;

  /// The figures of the route that has that slot begin anew. Nobody counts in it.
  virtual void zero_slot(std::uint32_t slot) noexcept = 0;

  /// Gives up all that it holds, and counts it: only once every lcore has stopped. False: something
  /// that it waits for did not answer in time, and what it holds stays in flight.
  [[nodiscard]] virtual bool discard(const Ending& ending) = 0;

 private:
  topology::RoleIndex role_;
  std::string name_;
};

}  // namespace esc::appliance
