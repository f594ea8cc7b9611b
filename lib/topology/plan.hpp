// SPDX-License-Identifier: BSD-3-Clause
// The lcore planner: which role runs on which CPU, and what EAL is told about it. A pure function
// of topology and request.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/named.hpp"
#include "topology/problem.hpp"
#include "topology/topology.hpp"

namespace esc::topology {

/// DPDK's RTE_MAX_LCORE as Debian builds it: EAL lcore ids are 0..127, the main lcore's included.
inline constexpr unsigned kMaxEalLcores = 128;

/// The receive queues of one port. The port's number is its index in RoleRequest::ports.
struct PortQueues {
  std::uint16_t queues = 1;
  int node = -1;  ///< NUMA node of the device; -1: unknown or none (virtual devices)
};

/// What is asked for. CPU numbers are the kernel's.
struct RoleRequest {
  std::vector<unsigned> rx_cpus;        ///< one RX role each; unique; none without ports
  std::vector<unsigned> tcp_cpus;       ///< one TCP role each; unique; may be none
  std::vector<unsigned> dispatch_cpus;  ///< one dispatcher, and so one pipeline, each; may repeat
  std::vector<unsigned>
      worker_cpus;  ///< one worker role each; repeated numbers fold workers onto one lcore
  std::optional<unsigned> storage_cpu;  ///< of the storage role; unset: there is none
  std::optional<unsigned> main_cpu;     ///< the main lcore's; unset: the planner chooses
  bool busy = false;                    ///< the lcores poll without ever sleeping
  std::vector<PortQueues> ports;
};

struct RxQueue {
  std::uint16_t port =
      0;  ///< index in RoleRequest::ports, which is the order of [[port]] in the file
  std::uint16_t queue = 0;
  unsigned pipeline = 0;  ///< its own pipeline, which gets its events without a number

  friend bool operator==(const RxQueue&, const RxQueue&) = default;
};

/// What an lcore can do, in the order in which roles on one lcore are polled. A new role needs its
/// CPUs and their key (asked_for in plan.cpp), a stage among appliance::LcoreStages and a node
/// (lib/appliance).
enum class Role : std::uint8_t { kRx, kTcp, kDispatch, kWorker, kStorage, kCount };

inline constexpr NamedTable<Role> kRoles = {{
    {Role::kRx, "rx", "Takes packets from queues of ports"},
    {Role::kTcp, "tcp", "Takes bytes from connections"},
    {Role::kDispatch, "dispatch", "Identifies, deduplicates and routes the events of a pipeline"},
    {Role::kWorker, "worker", "Runs handlers"},
    {Role::kStorage, "storage", "Gathers dead letters for the disk"},
}};
static_assert(well_named(kRoles));

[[nodiscard]] constexpr std::string_view name(Role role) noexcept {
  return kRoles[static_cast<std::size_t>(role)].name;
}

/// One role of an appliance: the worker that lcores.workers[2] asks for is {kWorker, 2}.
struct RoleIndex {
  Role role = Role::kRx;
  std::size_t index = 0;

  friend bool operator==(const RoleIndex&, const RoleIndex&) = default;
};

/// One polling lcore and its roles, in the order in which they are polled.
struct LcoreAssignment {
  unsigned lcore_id = 0;  ///< EAL's id: dense, 0..n-1, and also the index in LcorePlan::lcores
  unsigned cpu = 0;
  int node = 0;
  std::vector<RoleIndex> roles;

  [[nodiscard]] bool has(Role role) const noexcept {
    return std::ranges::any_of(roles, [role](const RoleIndex& own) { return own.role == role; });
  }
  /// The indices that it has of one role.
  [[nodiscard]] std::vector<std::size_t> indices(Role role) const;

  friend bool operator==(const LcoreAssignment&, const LcoreAssignment&) = default;
};

/// What one RX role polls.
struct RxPlan {
  int node = 0;  ///< NUMA node of its lcore
  std::vector<RxQueue> queues;

  friend bool operator==(const RxPlan&, const RxPlan&) = default;
};

/// A dispatcher and the workers that belong to it, all on one NUMA node.
struct PipelinePlan {
  int node = 0;
  std::vector<unsigned> workers;  ///< indices in RoleRequest::worker_cpus

  friend bool operator==(const PipelinePlan&, const PipelinePlan&) = default;
};

struct LcorePlan {
  std::string eal_lcores;   ///< value of EAL's --lcores, e.g. "0@0,1@1,2@0"
  unsigned main_lcore = 0;  ///< value of EAL's --main-lcore: lcores.size()
  unsigned main_cpu = 0;
  int main_node = 0;
  bool main_shares = false;  ///< the main lcore's CPU also polls
  std::vector<LcoreAssignment>
      lcores;              ///< in the order rx, tcp, dispatch, workers, storage name CPUs
  std::vector<RxPlan> rx;  ///< one for each of RoleRequest::rx_cpus
  std::vector<PipelinePlan> pipelines;  ///< one for each of RoleRequest::dispatch_cpus
  std::vector<Problem> warnings;  ///< the plan works, but not as well as it could; `where` is a key

  /// The lcore that has this role. Throws std::logic_error if none has.
  [[nodiscard]] const LcoreAssignment& lcore_of(RoleIndex role) const;
};

/// Returns the plan, or every problem found. `where` of a problem is a configuration key
/// ("lcores.rx[1]"). Start-up only.
[[nodiscard]] std::variant<LcorePlan, std::vector<Problem>> plan_lcores(const RoleRequest& request,
                                                                        const Topology& topology);

/// What that role is called in figures and in the log: "rx0", "dispatch0", "worker1"; "storage", of
/// which there is one.
[[nodiscard]] std::string name(RoleIndex role);

/// What --print-plan shows: a table of lcores with their roles, the EAL options, the warnings. Ends
/// in a newline.
[[nodiscard]] std::string to_text(const LcorePlan& plan);

}  // namespace esc::topology
