// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: how escd ends.
#include <array>

#include "config/rows.hpp"

namespace esc::config {
namespace {

constexpr std::array kShutdownRows = {
    key<&ShutdownConfig::drain_timeout_ms>(
        {.key = "drain_timeout_ms",
         .min = 100,
         .max = 600'000,
         .example = "drain_timeout_ms = 30000",
         .meaning = "How long the drain after SIGTERM may take, in milliseconds. Events that "
                    "are still in flight then become dead letters, or are dropped, as "
                    "`drained_at_deadline`."}),
};
constexpr auto kShutdownKeys = rows_of("shutdown", kShutdownRows);

}  // namespace

constinit const SectionSpec kShutdownSection =
    section<&Config::shutdown>({.meaning = "How escd ends."}, kShutdownKeys);

}  // namespace esc::config
