// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: where dead letters are kept, and how many.
#include <array>

#include "config/key_groups.hpp"

namespace esc::config {
namespace {

using enum KeyType;

constexpr std::int64_t kMi = 1 << 20;
constexpr std::int64_t kTi = kMi * kMi;

constexpr std::array kDeadLettersKeys = {
    KeySpec{.section = "dead_letters",
            .key = "directory",
            .type = kString,
            .min = 1,
            .max = 4'000,
            .example = "directory = \"/var/lib/escd/demo/dead-letters\"",
            .meaning = "Where they are kept; made if it is not there. One escd writes into it. "
                       "Without it: nowhere, and what would be a dead letter is dropped under its "
                       "own reason."},
    KeySpec{.section = "dead_letters",
            .key = "segment_bytes",
            .type = kInteger,
            .default_text = "67108864",
            .min = 4 * kMi,
            .max = 1024 * kMi,
            .power_of_two = true,
            .rule = "at least four times `commit_bytes`",
            .example = "segment_bytes = 16777216",
            .meaning = "Size of a segment file. Retention removes whole ones."},
    KeySpec{.section = "dead_letters",
            .key = "commit_bytes",
            .type = kInteger,
            .default_text = "1048576",
            .min = 128 << 10,
            .max = 16 * kMi,
            .power_of_two = true,
            .example = "commit_bytes = 4194304",
            .meaning = "A commit that is so large does not wait for more letters. Eight buffers of "
                       "this size are taken at start."},
    KeySpec{.section = "dead_letters",
            .key = "commit_ms",
            .type = kInteger,
            .default_text = "10",
            .min = 1,
            .max = 1'000,
            .example = "commit_ms = 100",
            .meaning = "No letter waits longer than so many milliseconds for its commit."},
    KeySpec{.section = "dead_letters",
            .key = "ring_cells",
            .type = kInteger,
            .default_text = "1024",
            .min = 64,
            .max = kMi,
            .power_of_two = true,
            .example = "ring_cells = 8192",
            .meaning =
                "Cells of each ring to the storage lcore: from each dispatcher, each worker, "
                "and each RX lcore for each pipeline. What finds it full is dropped as "
                "`dlq_backlog`."},
    KeySpec{.section = "dead_letters",
            .key = "stale",
            .type = kBoolean,
            .default_text = "false",
            .example = "stale = true",
            .meaning = "Whether events that are too old for their window are dead letters, instead "
                       "of being counted as `stale`."},
    KeySpec{.section = "dead_letters",
            .key = "io_uring",
            .type = kBoolean,
            .default_text = "true",
            .example = "io_uring = false",
            .meaning = "Whether commits go through io_uring, if the kernel allows that; else by "
                       "pwritev2 and fdatasync."},
    KeySpec{.section = "dead_letters",
            .key = "max_bytes",
            .type = kInteger,
            .default_text = "10737418240",
            .min = 128 * kMi,
            .max = kTi,
            .zero_too = true,
            .rule = "0: no bound; else at least twice `segment_bytes`",
            .example = "max_bytes = 107374182400",
            .meaning = "Most that all segments take; beyond it the oldest goes. Up to two spare "
                       "files lie beside them."},
    KeySpec{.section = "dead_letters",
            .key = "max_segments",
            .type = kInteger,
            .default_text = "0",
            .min = 2,
            .max = kMi,
            .zero_too = true,
            .rule = "0: no bound",
            .example = "max_segments = 100",
            .meaning = "Most segments; beyond it the oldest goes."},
    KeySpec{.section = "dead_letters",
            .key = "max_age_s",
            .type = kInteger,
            .default_text = "0",
            .min = 1,
            .max = 1'000'000'000,
            .zero_too = true,
            .rule = "0: no bound",
            .example = "max_age_s = 604800",
            .meaning = "A segment goes so many seconds after it was ended."},
    KeySpec{.section = "dead_letters",
            .key = "min_free_bytes",
            .type = kInteger,
            .default_text = "1073741824",
            .min = 0,
            .max = kTi,
            .example = "min_free_bytes = 0",
            .meaning = "What the disk keeps free for others: the oldest segments make room, and no "
                       "file is made that would take of it."},
};

constexpr std::array kReplayKeys = {
    KeySpec{.section = "replay",
            .key = "sources",
            .type = kStrings,
            .min = kShortestPrefix,
            .max = kLongestPrefix,
            .max_items = kMaxPrefixes,
            .rule = "IPv4 and IPv6 prefixes, unique; reloads",
            .example = "sources = [\"192.0.2.7\"]",
            .meaning = "Who may send dead letters again, with `esc-dlq replay`. What says that it "
                       "is one and comes from elsewhere is `replay_not_allowed`. Without it: "
                       "nobody. The first ones need a restart where there are neither dead letters "
                       "nor `keyed_bytes`."},
};

}  // namespace

constinit const KeyGroup kReplayGroup = {
    SectionSpec{.name = "replay",
                .meaning = "From where dead letters may come again (docs/dead-letters.md)."},
    kReplayKeys};

constinit const KeyGroup kDeadLettersGroup = {
    SectionSpec{.name = "dead_letters",
                .meaning = "Where events are kept that could not be delivered, and for how long "
                           "(docs/dead-letters.md)."},
    kDeadLettersKeys};

}  // namespace esc::config
