// SPDX-License-Identifier: BSD-3-Clause
// The commands of the control socket: escd answers these, escctl asks them, docs/control.md lists
// them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/named.hpp"

namespace esc::control {

enum class Command : std::uint8_t {
  kLedger,
  kStats,
  kPlan,
  kHealth,
  kTopics,
  kLcores,
  kPorts,
  kState,
  kPressure,
  kProducers,
  kConnections,
  kKeys,
  kDlq,
  kRoutes,
  kMetrics,
  kReload,
  kPause,
  kResume,
  kDrain,
  kVersion,
  kCount
};

inline constexpr NamedTable<Command> kCommandRows = {{
    {Command::kLedger, "ledger", "where every packet and every frame went"},
    {Command::kStats, "stats", "counters of each stage, depth of each ring, figures of each port"},
    {Command::kPlan, "plan", "which role runs on which CPU"},
    {Command::kHealth, "health", "one line for each check; exit code 1 if one failed"},
    {Command::kTopics, "topics", "for each route: events delivered, refused, duplicate, dropped"},
    {Command::kLcores, "lcores", "how busy each lcore is, and whether it still begins new rounds"},
    {Command::kPorts, "ports", "each port, its driver, its link, its packets and its losses"},
    {Command::kState, "state", "what the appliance is doing, since when and why"},
    {Command::kPressure, "pressure",
     "by pipeline: the level, its inputs, and how long each level lasted"},
    {Command::kProducers, "producers",
     "who sends numbered events, and how many of each were lost, duplicate, late"},
    {Command::kConnections, "connections",
     "who is connected over TCP, what came of each, and who waits"},
    {Command::kKeys, "keys",
     "memory for keys and for marks of replays, and how far back it reaches"},
    {Command::kDlq, "dlq", "dead letters: how many, why, and what the disk took and refused"},
    {Command::kRoutes, "routes",
     "the routes in force, or what a reload of another file would change"},
    {Command::kMetrics, "metrics", "every figure in Prometheus's text format"},
    {Command::kReload, "reload",
     "read the configuration again: routes, producers, replay, pressure, health"},
    {Command::kPause, "pause", "hold everything back that can be held back"},
    {Command::kResume, "resume", "end a pause"},
    {Command::kDrain, "drain", "finish the events that are inside, then end"},
    {Command::kVersion, "version", "versions of escctl and of the escd that it talks to"},
}};
static_assert(well_named(kCommandRows));

/// How many entries an answer has: usually, and the fewest and most that a request may ask for.
struct AnswerSize {
  std::uint64_t usual;
  std::uint64_t least;
  std::uint64_t most;
};
/// Of `producers`: its argument `top`.
inline constexpr AnswerSize kProducersSize = {.usual = 20, .least = 1, .most = 10'000};
/// Its argument `by`: what identity::ProducerOrder has; the first one is the usual one.
inline constexpr std::array<std::string_view, 6> kProducerOrders = {
    "lost", "duplicates", "accepted", "rate", "last-seen", "silent"};
/// Of `connections`: its arguments `top` and `by`; the first order is the usual one.
inline constexpr AnswerSize kConnectionsSize = {.usual = 20, .least = 1, .most = 10'000};
inline constexpr std::array<std::string_view, 5> kConnectionOrders = {"bytes", "events", "refused",
                                                                      "paused", "silent"};
/// Of `metrics`: topics may be a million, and each has a series in every family of topics. Its
/// argument `topics`.
inline constexpr AnswerSize kMetricTopicsSize = {.usual = 256, .least = 0, .most = 10'000};

[[nodiscard]] constexpr std::optional<Command> command_of(std::string_view name) noexcept {
  for (const Named<Command>& row : kCommandRows) {
    if (row.name == name) return row.value;
  }
  return std::nullopt;
}

/// "ledger, stats, ..., and version": for the answer to a command that is not there.
[[nodiscard]] inline std::string command_names() {
  std::string text;
  for (const Named<Command>& row : kCommandRows) {
    if (!text.empty()) text += row.value == Command::kVersion ? " and " : ", ";
    text += row.name;
  }
  return text;
}

}  // namespace esc::control
