// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: the rings between the roles.
#include <array>

#include "config/rows.hpp"

namespace esc::config {
namespace {

constexpr std::array kRingsRows = {
    key<&RingsConfig::ingest_cells>(
        {.key = "ingest_cells",
         .min = 64,
         .max = kMi,
         .zero_too = true,
         .power_of_two = true,
         .example = "ingest_cells = 16384",
         .meaning = "Cells of the ring from the RX lcores to the dispatcher. 0: 65536, or 1024 "
                    "where RX, dispatch and workers share one CPU."}),
    key<&RingsConfig::ingest_soft_mark_cells>(
        {.key = "ingest_soft_mark_cells",
         .min = 1,
         .max = kMi,
         .rule = "at most `ingest_cells`",
         .example = "ingest_soft_mark_cells = 256",
         .meaning = "While the ring from the RX lcores holds more cells than this, ports that "
                    "have room of their own are not polled: a shallow ring stays in the cache."}),
    key<&RingsConfig::worker_cells>(
        {.key = "worker_cells",
         .min = 64,
         .max = kMi,
         .zero_too = true,
         .power_of_two = true,
         .example = "worker_cells = 4096",
         .meaning = "Cells of each ring from the dispatcher to a worker. 0: 16384, or 1024 "
                    "where RX, dispatch and workers share one CPU."}),
    key<&RingsConfig::hold_cells>(
        {.key = "hold_cells",
         .min = 64,
         .max = kMi,
         .zero_too = true,
         .power_of_two = true,
         .example = "hold_cells = 16384",
         .meaning = "Events that may wait for each worker whose ring is full. 0: 4096, or 1024 "
                    "where RX, dispatch and workers share one CPU."}),
    key<&RingsConfig::hold_timeout_ms>(
        {.key = "hold_timeout_ms",
         .min = 1,
         .max = 600'000,
         .example = "hold_timeout_ms = 100",
         .meaning =
             "The longest time that an event waits for its worker. After that the event is "
             "`hold_expired`, and no event waits for that worker until it makes progress again."}),
    key<&RingsConfig::burst>({.key = "burst",
                              .min = 8,
                              .max = 64,
                              .power_of_two = true,
                              .example = "burst = 32",
                              .meaning = "The most packets or events that a role takes at once."}),
};
constexpr auto kRingsKeys = rows_of("rings", kRingsRows);

}  // namespace

constinit const SectionSpec kRingsSection = section<&Config::rings>(
    {.meaning = "The rings between the roles, in 64-byte cells.", .rules = check_rings},
    kRingsKeys);

}  // namespace esc::config
