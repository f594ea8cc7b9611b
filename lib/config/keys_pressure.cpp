// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: when the appliance holds back and when it sheds.
#include <array>
#include <string_view>

#include "config/rows.hpp"

namespace esc::config {
namespace {

using namespace std::string_view_literals;

constexpr std::array kDeferNames = {"never"sv, "elevated"sv, "degraded"sv};
constexpr std::array kKeepShedNames = {"never"sv, "critical"sv, "always"sv};

/// The row of an input's enter thresholds: at or above its threshold a level is entered.
template <PressureInput kInput>
consteval Row<PressureConfig> enter_key(std::string_view name, std::string_view example,
                                        std::string_view meaning) {
  return key<&PressureConfig::thresholds, kInput, &PressureThresholds::enter>(
      {.key = name,
       .min = 2,
       .max = kNeverPermille,
       .on_reload = OnReload::kTaken,
       .rule = "rising; 1001: neither enters nor holds the level, and may repeat",
       .example = example,
       .meaning = meaning});
}

/// The row of an input's leave thresholds: below its threshold a level may be left.
template <PressureInput kInput>
consteval Row<PressureConfig> leave_key(std::string_view name, std::string_view example,
                                        std::string_view meaning) {
  return key<&PressureConfig::thresholds, kInput, &PressureThresholds::leave>(
      {.key = name,
       .min = 1,
       .max = kFullPermille,
       .on_reload = OnReload::kTaken,
       .rule = "not falling; each below its enter threshold",
       .example = example,
       .meaning = meaning});
}

constexpr std::array kPressureRows = {
    enter_key<PressureInput::kIngestRing>(
        "ingest_ring_enter_permille", "ingest_ring_enter_permille = [700, 800, 900, 950]",
        "A level is entered at once when the ring from the RX lcores to the "
        "dispatcher is this full."),
    leave_key<PressureInput::kIngestRing>(
        "ingest_ring_leave_permille", "ingest_ring_leave_permille = [400, 500, 600, 700]",
        "A level may be left when that ring, and every other input, is below this."),
    enter_key<PressureInput::kWorkerRing>(
        "worker_ring_enter_permille", "worker_ring_enter_permille = [500, 800, 1001, 1001]",
        "The same for a worker's ring and the events that wait for it. Of the workers that make "
        "progress, the emptiest counts."),
    leave_key<PressureInput::kWorkerRing>("worker_ring_leave_permille",
                                          "worker_ring_leave_permille = [300, 400, 500, 600]",
                                          "The same for that ring."),
    enter_key<PressureInput::kPool>(
        "pool_enter_permille", "pool_enter_permille = [800, 850, 900, 950]",
        "The same for the share of a pool's buffers that are in use, not counting those that "
        "the port always holds. The pool with the largest share counts."),
    leave_key<PressureInput::kPool>("pool_leave_permille",
                                    "pool_leave_permille = [500, 600, 700, 800]",
                                    "The same for that pool."),
    enter_key<PressureInput::kWorkerLatency>(
        "worker_latency_enter_permille", "worker_latency_enter_permille = [250, 500, 750, 1000]",
        "The same for the age of the oldest event that a worker has in hand, in per mille of "
        "`worker_latency_full_us`. Of the workers that make progress, the smallest age counts."),
    leave_key<PressureInput::kWorkerLatency>("worker_latency_leave_permille",
                                             "worker_latency_leave_permille = [100, 200, 300, 400]",
                                             "The same for that age."),
    enter_key<PressureInput::kDeadLetters>(
        "dead_letters_enter_permille", "dead_letters_enter_permille = [1001, 1001, 1001, 1001]",
        "The same for the fullest ring to the storage lcore, as long as the storage lcore takes "
        "anything."),
    leave_key<PressureInput::kDeadLetters>("dead_letters_leave_permille",
                                           "dead_letters_leave_permille = [100, 200, 300, 400]",
                                           "The same for that ring."),
    key<&PressureConfig::worker_latency_full_us>(
        {.key = "worker_latency_full_us",
         .min = 1'000,
         .max = 60'000'000,
         .on_reload = OnReload::kTaken,
         .example = "worker_latency_full_us = 50000",
         .meaning = "The age that counts as 1000 per mille, in microseconds."}),
    key<&PressureConfig::dwell_ms>(
        {.key = "dwell_ms",
         .min = 1,
         .max = 60'000,
         .on_reload = OnReload::kTaken,
         .example = "dwell_ms = [50, 100, 200, 500]",
         .meaning = "How long every input must have been below its leave threshold before the "
                    "level falls to the next lower one."}),
    key<&PressureConfig::defer_lossless>(
        {.key = "defer_lossless",
         .choices = kDeferNames,
         .on_reload = OnReload::kTaken,
         .example = "defer_lossless = \"degraded\"",
         .meaning = "From this level up to `degraded`, ports that cannot lose packets are not "
                    "polled. From `critical` on every port is polled."}),
    key<&PressureConfig::defer_nic>(
        {.key = "defer_nic",
         .choices = kDeferNames,
         .on_reload = OnReload::kTaken,
         .example = "defer_nic = \"elevated\"",
         .meaning = "The same for every other port, as long as its descriptor ring is under half "
                    "full."}),
    key<&PressureConfig::shed_below>(
        {.key = "shed_below",
         .min = 0,
         .max = 255,
         .on_reload = OnReload::kTaken,
         .rule = "not falling; 0 sheds nothing",
         .example = "shed_below = [100, 200]",
         .meaning = "Two numbers, for `critical` and `emergency`. Frames whose priority is "
                    "below the number may be shed at that level, the lowest priorities first."}),
    key<&PressureConfig::keep_shed>(
        {.key = "keep_shed",
         .choices = kKeepShedNames,
         .on_reload = OnReload::kTaken,
         .example = "keep_shed = \"critical\"",
         .meaning =
             "At which levels shed frames become dead letters (`[dead_letters]`): never, at "
             "`critical` only, or always. A shed frame for which there is no room on the way to "
             "the storage is `dlq_backlog`."}),
};
constexpr auto kPressureKeys = rows_of("pressure", kPressureRows);

}  // namespace

constinit const SectionSpec kPressureSection = section<&Config::pressure>(
    {.meaning =
         "When the appliance holds back and when it sheds (docs/pressure.md). Where there are "
         "four numbers, they are for `elevated`, `degraded`, `critical` and `emergency`.",
     .rules = check_pressure},
    kPressureKeys);

}  // namespace esc::config
