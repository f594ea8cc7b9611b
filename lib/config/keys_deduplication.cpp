// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: which events count as seen before.
#include <array>

#include "config/rows.hpp"

namespace esc::config {
namespace {

constexpr std::array kDeduplicationRows = {
    key<&DeduplicationConfig::sequenced>(
        {.key = "sequenced",
         .example = "sequenced = false",
         .meaning = "Whether escd judges events that their sender numbered: an event seen "
                    "before is `duplicate`, and one too old for escd to tell is `stale`."}),
    key<&DeduplicationConfig::window>(
        {.key = "window",
         .min = 64,
         .max = 65'536,
         .power_of_two = true,
         .example = "window = 1024",
         .meaning = "How many numbers of each producer are remembered, counted down from its "
                    "highest. Each takes one bit."}),
    key<&DeduplicationConfig::producers>(
        {.key = "producers",
         .min = 1,
         .max = kMi,
         .example = "producers = 1000",
         .meaning = "The most producers that are remembered at a time. Events of further "
                    "producers pass unjudged, and are counted (`events_untracked`)."}),
    key<&DeduplicationConfig::idempotency_s>(
        {.key = "idempotency_s",
         .min = 1,
         .max = 604'800,
         .example = "idempotency_s = 600",
         .meaning = "A producer is forgotten when it has been silent for this many seconds, and "
                    "a key when it was first seen this many seconds ago."}),
    key<&DeduplicationConfig::keyed_bytes>(
        {.key = "keyed_bytes",
         .no_default = true,
         .min = 64 << 10,
         .max = kMi * kMi,
         .example = "keyed_bytes = 268435456",
         .meaning = "Memory for keys of events without a number, reserved at start; a route's "
                    "`dedup` needs it. 37 bytes for each new key within `idempotency_s` are "
                    "plenty. Without it: no memory, or 4 MiB for the marks of replayed dead "
                    "letters if `dead_letters.directory` or `replay.sources` is set."}),
    key<&DeduplicationConfig::state_file>(
        {.key = "state_file",
         .min = 1,
         .max = 4'095,
         .example = "state_file = \"/var/lib/escd/demo/windows\"",
         .meaning = "Where the producers' windows are kept from a drain to the next start, so "
                    "that a restart delivers nothing twice. Without it: in the directory that "
                    "systemd gives the service (`StateDirectory=`), or nowhere."}),
};
constexpr auto kDeduplicationKeys = rows_of("deduplication", kDeduplicationRows);

}  // namespace

constinit const SectionSpec kDeduplicationSection = section<&Config::deduplication>(
    {.meaning = "Which events count as seen before (docs/deduplication.md)."}, kDeduplicationKeys);

}  // namespace esc::config
