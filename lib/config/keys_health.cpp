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
         .meaning = "How long a loss keeps the appliance unhealthy. If it is shorter than the "
                    "time between two probes, they may miss a loss."}),
    key<&HealthConfig::max_port_losses>(
        {.key = "max_port_losses",
         .max = kNever,
         .on_reload = OnReload::kTaken,
         .rule = kNeverRule,
         .example = "max_port_losses = 100",
         .meaning = "The most packets that ports may lose in a window, before the appliance has "
                    "them: `imissed`, `rx_nombuf`, `ierrors`."}),
    key<&HealthConfig::max_losses>(
        {.key = "max_losses",
         .max = kNever,
         .on_reload = OnReload::kTaken,
         .rule = kNeverRule,
         .example = "max_losses = 10",
         .meaning = "The most frames and packets that the appliance itself may lose in a "
                    "window: because there was no room, time or route for them, or because a "
                    "handler or the disk did not take them."}),
    key<&HealthConfig::max_shed>(
        {.key = "max_shed",
         .max = kNever,
         .on_reload = OnReload::kTaken,
         .rule = kNeverRule,
         .example = "max_shed = 1000000000000",
         .meaning = "The most frames that may be shed for their priority in a window, because "
                    "more came than could be handled."}),
    key<&HealthConfig::max_dropped_as_told>(
        {.key = "max_dropped_as_told",
         .max = kNever,
         .on_reload = OnReload::kTaken,
         .rule = kNeverRule,
         .example = "max_dropped_as_told = 10000",
         .meaning = "The most frames that may be dropped in a window because the configuration "
                    "says so: `on_full = \"shed\"` or `unknown_topic = \"drop\"`."}),
    key<&HealthConfig::max_refused>(
        {.key = "max_refused",
         .max = kNever,
         .on_reload = OnReload::kTaken,
         .rule = kNeverRule,
         .example = "max_refused = 1000",
         .meaning = "The most frames and packets that may be refused in a window, as malformed "
                    "or not allowed. Any sender can send such frames."}),
    key<&HealthConfig::max_producer_gaps>(
        {.key = "max_producer_gaps",
         .max = kNever,
         .on_reload = OnReload::kTaken,
         .rule = kNeverRule,
         .example = "max_producer_gaps = 100",
         .meaning = "The most events that may be found lost before the appliance in a window, "
                    "by gaps in the producers' numbers."}),
    key<&HealthConfig::max_handler_busy_percent>(
        {.key = "max_handler_busy_percent",
         .min = 1,
         .max = 100,
         .on_reload = OnReload::kTaken,
         .rule = "100: never",
         .example = "max_handler_busy_percent = 90",
         .meaning = "The largest share of a worker's time that its handlers may take, in "
                    "percent."}),
};
constexpr auto kHealthKeys = rows_of("health", kHealthRows);

}  // namespace

constinit const SectionSpec kHealthSection = section<&Config::health>(
    {.meaning = "What `escctl health` calls healthy (docs/control.md). A reload "
                "replaces it."},
    kHealthKeys);

}  // namespace esc::config
