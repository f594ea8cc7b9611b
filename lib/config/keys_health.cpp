// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: what the appliance calls healthy.
#include <array>

#include "config/rows.hpp"

namespace esc::config {
namespace {

constexpr auto kNever = static_cast<std::int64_t>(kNeverUnhealthy);
constexpr std::string_view kNeverRule = "1000000000000: never";

constexpr std::array kHealthRows = {
    key<&HealthConfig::window_s>(
        {.key = "window_s",
         .min = 1,
         .max = 86'400,
         .on_reload = OnReload::kTaken,
         .example = "window_s = 60",
         .meaning = "How long a loss keeps the appliance unhealthy. Longer than a probe takes "
                    "to come round, or the probe misses it."}),
    key<&HealthConfig::max_port_losses>(
        {.key = "max_port_losses",
         .max = kNever,
         .on_reload = OnReload::kTaken,
         .rule = kNeverRule,
         .example = "max_port_losses = 100",
         .meaning = "Most packets in a window that ports may lose before the appliance has "
                    "them: `imissed`, `rx_nombuf`, `ierrors`."}),
    key<&HealthConfig::max_losses>(
        {.key = "max_losses",
         .max = kNever,
         .on_reload = OnReload::kTaken,
         .rule = kNeverRule,
         .example = "max_losses = 10",
         .meaning = "Most frames and packets in a window that the appliance itself may lose: "
                    "dropped for want of room, time, a route, a handler that takes them or a "
                    "disk that does."}),
    key<&HealthConfig::max_shed>(
        {.key = "max_shed",
         .max = kNever,
         .on_reload = OnReload::kTaken,
         .rule = kNeverRule,
         .example = "max_shed = 1000000000000",
         .meaning = "Most frames in a window that may be shed for their priority, because more "
                    "came than could be worked off."}),
    key<&HealthConfig::max_dropped_as_told>(
        {.key = "max_dropped_as_told",
         .max = kNever,
         .on_reload = OnReload::kTaken,
         .rule = kNeverRule,
         .example = "max_dropped_as_told = 10000",
         .meaning = "Most frames in a window that may be dropped as told: by `on_full = "
                    "\"shed\"`, or by `unknown_topic = \"drop\"`."}),
    key<&HealthConfig::max_refused>(
        {.key = "max_refused",
         .max = kNever,
         .on_reload = OnReload::kTaken,
         .rule = kNeverRule,
         .example = "max_refused = 1000",
         .meaning = "Most frames and packets in a window that may be refused: malformed, or "
                    "not allowed. Any sender can make them."}),
    key<&HealthConfig::max_producer_gaps>(
        {.key = "max_producer_gaps",
         .max = kNever,
         .on_reload = OnReload::kTaken,
         .rule = kNeverRule,
         .example = "max_producer_gaps = 100",
         .meaning = "Most numbers of producers in a window that may turn out lost before the "
                    "appliance."}),
    key<&HealthConfig::max_handler_busy_percent>(
        {.key = "max_handler_busy_percent",
         .min = 1,
         .max = 100,
         .on_reload = OnReload::kTaken,
         .rule = "100: never",
         .example = "max_handler_busy_percent = 90",
         .meaning = "Most of a worker's time that its handlers may take."}),
};
constexpr auto kHealthKeys = rows_of("health", kHealthRows);

}  // namespace

constinit const SectionSpec kHealthSection = section<&Config::health>(
    {.meaning = "What `escctl health` calls healthy (docs/control.md). A reload "
                "replaces it."},
    kHealthKeys);

}  // namespace esc::config
