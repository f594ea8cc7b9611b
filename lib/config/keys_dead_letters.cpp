// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: where dead letters are kept, and how many.
#include <array>

#include "config/rows.hpp"

namespace esc::config {
namespace {

constexpr std::int64_t kTi = kMi * kMi;

constexpr std::array kDeadLettersRows = {
    key<&DeadLettersConfig::directory>(
        {.key = "directory",
         .min = 1,
         .max = 4'000,
         .example = "directory = \"/var/lib/escd/demo/dead-letters\"",
         .meaning = "The directory in which dead letters are kept. It is made if it does not "
                    "exist, and only one escd writes into it. Without it: dead letters are not "
                    "kept, and an event that would become one is dropped under its own reason."}),
    key<&DeadLettersConfig::segment_bytes>(
        {.key = "segment_bytes",
         .min = 4 * kMi,
         .max = 1024 * kMi,
         .power_of_two = true,
         .rule = "at least four times `commit_bytes`",
         .example = "segment_bytes = 16777216",
         .meaning = "Size of a segment file. Retention removes whole segments."}),
    key<&DeadLettersConfig::commit_bytes>(
        {.key = "commit_bytes",
         .min = 128 << 10,
         .max = 16 * kMi,
         .power_of_two = true,
         .example = "commit_bytes = 4194304",
         .meaning = "A commit of this size does not wait for more letters. Eight buffers of "
                    "this size are taken at start."}),
    key<&DeadLettersConfig::commit_ms>(
        {.key = "commit_ms",
         .min = 1,
         .max = 1'000,
         .example = "commit_ms = 100",
         .meaning = "The longest time that a letter waits for its commit, in milliseconds."}),
    key<&DeadLettersConfig::ring_cells>(
        {.key = "ring_cells",
         .min = 64,
         .max = kMi,
         .power_of_two = true,
         .example = "ring_cells = 8192",
         .meaning = "Cells of each ring to the storage lcore: from each dispatcher, each "
                    "worker, and each RX lcore for each pipeline. A dead letter that finds its "
                    "ring full is dropped as `dlq_backlog`."}),
    key<&DeadLettersConfig::stale>(
        {.key = "stale",
         .example = "stale = true",
         .meaning = "Whether events that are too old for their window become dead letters, "
                    "instead of being counted as `stale`."}),
    key<&DeadLettersConfig::io_uring>(
        {.key = "io_uring",
         .example = "io_uring = false",
         .meaning = "Whether commits go through io_uring, if the kernel allows that. Otherwise "
                    "they go through pwritev2 and fdatasync."}),
    key<&DeadLettersConfig::max_bytes>(
        {.key = "max_bytes",
         .min = 128 * kMi,
         .max = kTi,
         .zero_too = true,
         .rule = "0: no bound; else at least twice `segment_bytes`",
         .example = "max_bytes = 107374182400",
         .meaning = "The most bytes that all segments together take. Beyond that the oldest "
                    "segment is removed. Up to two spare files come on top."}),
    key<&DeadLettersConfig::max_segments>({.key = "max_segments",
                                           .min = 2,
                                           .max = kMi,
                                           .zero_too = true,
                                           .rule = "0: no bound",
                                           .example = "max_segments = 100",
                                           .meaning = "The most segments that are kept. Beyond "
                                                      "that the oldest is removed."}),
    key<&DeadLettersConfig::max_age_s>(
        {.key = "max_age_s",
         .min = 1,
         .max = 1'000'000'000,
         .zero_too = true,
         .rule = "0: no bound",
         .example = "max_age_s = 604800",
         .meaning = "A segment is removed this many seconds after it was ended."}),
    key<&DeadLettersConfig::min_free_bytes>(
        {.key = "min_free_bytes",
         .min = 0,
         .max = kTi,
         .example = "min_free_bytes = 0",
         .meaning = "How much of the disk stays free for others. The oldest segments are "
                    "removed if there is less, and no file is made that would leave less."}),
};
constexpr auto kDeadLettersKeys = rows_of("dead_letters", kDeadLettersRows);

}  // namespace

constinit const SectionSpec kDeadLettersSection = section<&Config::dead_letters>(
    {.meaning = "Where events that could not be delivered are kept, and for how long "
                "(docs/dead-letters.md).",
     .rules = check_dead_letters},
    kDeadLettersKeys);

}  // namespace esc::config
