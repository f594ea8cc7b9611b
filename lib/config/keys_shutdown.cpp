// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: how it ends.
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
         .meaning = "Time for what is in flight after SIGTERM; what is left then is "
                    "`drained_at_deadline`: a dead letter, or dropped."}),
};
constexpr auto kShutdownKeys = rows_of("shutdown", kShutdownRows);

}  // namespace

constinit const SectionSpec kShutdownSection =
    section<&Config::shutdown>({.meaning = "How it ends."}, kShutdownKeys);

}  // namespace esc::config
