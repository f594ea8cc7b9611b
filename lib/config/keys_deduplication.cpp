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
         .meaning = "Whether events that their sender numbered are judged: those seen before "
                    "are `duplicate`, those too old to tell are `stale`."}),
    key<&DeduplicationConfig::window>(
        {.key = "window",
         .min = 64,
         .max = 65'536,
         .power_of_two = true,
         .example = "window = 1024",
         .meaning = "Numbers of one producer that are remembered, from its highest down: one "
                    "bit each."}),
    key<&DeduplicationConfig::producers>(
        {.key = "producers",
         .min = 1,
         .max = kMi,
         .example = "producers = 1000",
         .meaning = "Most producers that are remembered at a time; events of further ones pass "
                    "unjudged, and are counted (`untracked`)."}),
    key<&DeduplicationConfig::idempotency_s>(
        {.key = "idempotency_s",
         .min = 1,
         .max = 604'800,
         .example = "idempotency_s = 600",
         .meaning = "A producer that was silent for so many seconds is forgotten, and so is a "
                    "key that was first seen so long ago."}),
    key<&DeduplicationConfig::keyed_bytes>(
        {.key = "keyed_bytes",
         .no_default = true,
         .min = 64 << 10,
         .max = kMi * kMi,
         .example = "keyed_bytes = 268435456",
         .meaning = "Memory for keys of events without a number, reserved at start; a route's "
                    "`dedup` needs it. 37 bytes for each new key within `idempotency_s` are "
                    "plenty. Without it: none, but 4 MiB for the marks of replayed dead "
                    "letters where those are kept or may come."}),
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
