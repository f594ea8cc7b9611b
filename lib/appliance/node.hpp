// SPDX-License-Identifier: BSD-3-Clause
// A node is the control side of a stage: it answers for the stage's figures and ends it. The
// appliance sums, waits, names and discards by looping over nodes. The lcores poll stages and know
// nothing of nodes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "appliance/ending.hpp"
#include "appliance/stage_figures.hpp"
#include "appliance/stage_names.hpp"
#include "telemetry/ledger.hpp"
#include "topology/plan.hpp"

namespace esc::appliance {

/// The pipelines `first` to `first + count - 1`.
struct PipelineRange {
  std::size_t first = 0;
  std::size_t count = 0;

  [[nodiscard]] bool has(std::size_t pipeline) const noexcept {
    return pipeline - first < count;  // a pipeline below `first` wraps to a huge number
  }
};

/// A number of frames, and a number of packets whose frames are not read yet.
struct Load {
  std::uint64_t frames = 0;
  std::uint64_t packets = 0;

  Load& operator+=(const Load& other) noexcept {
    frames += other.frames;
    packets += other.packets;
    return *this;
  }
};

/// A stage with all that belongs to it: the ring that it takes events from, its counters, its
/// memory. Made on the main lcore before the lcores run. The functions that the appliance's sums
/// need are pure virtual, so a new stage that forgets one does not compile. Thread: any for the
/// const functions, while the node lives; the main lcore for the rest.
class Node {
 public:
  explicit Node(topology::RoleIndex role) : role_(role), name_(topology::name(role)) {}
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  [[nodiscard]] topology::RoleIndex role() const noexcept { return role_; }
  /// The name that figures, the plan and the log use: "rx0", "dispatch0", "worker1".
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// Adds this node's stage to the stages that one lcore polls.
  virtual void enlist(LcoreStages& lcore) = 0;
  /// Starts the node's own threads, if it has any. Called before the lcores run.
  virtual void start() = 0;

  /// Adds to the ledger what has ended at this node, of the pipelines `of`.
  virtual void add_ended(PipelineRange of, telemetry::Ledger& ledger) const = 0;
  /// Adds what has come in at this node. Called once add_ended() was called for every node, so that
  /// nothing has ended that has not come in.
  virtual void add_received(PipelineRange of, telemetry::Ledger& ledger) const = 0;
  /// How much of the pipelines `of` the node holds, its input ring included. Exact once its lcore
  /// has stopped. `counted`: the ledger of these pipelines, read before this call.
  [[nodiscard]] virtual Load held(PipelineRange of, const telemetry::Ledger& counted) const = 0;
  /// Whether the stage is reading something that is not counted as received yet.
  [[nodiscard]] virtual bool reading() const noexcept = 0;
  /// The most that the node can hold, its input ring included.
  [[nodiscard]] virtual Load room() const noexcept = 0;
  /// A sum of counters, such that every hand-over to or from this stage adds one to at least one of
  /// them: see telemetry::Stillness.
  [[nodiscard]] virtual std::uint64_t moves() const noexcept = 0;

  /// All that is shown of the stage. Allocates.
  [[nodiscard]] virtual StageFigures figures() const = 0;

  /// Sets the figures of the route with this slot to zero. No lcore may be counting in that slot.
  virtual void zero_slot(std::uint32_t slot) noexcept = 0;

  /// Gives up all that the node holds, and counts it. Call it only once every lcore has stopped.
  /// False: something that the node had to wait for did not answer in time, and what it holds stays
  /// in flight.
  [[nodiscard]] virtual bool discard(const Ending& ending) = 0;

 private:
  topology::RoleIndex role_;
  std::string name_;
};

}  // namespace esc::appliance
