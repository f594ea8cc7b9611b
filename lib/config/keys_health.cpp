// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: what the appliance calls healthy.
#include <array>

#include "config/health.hpp"
#include "config/key_groups.hpp"

namespace esc::config {
namespace {

using enum KeyType;

constexpr auto kNever = static_cast<std::int64_t>(kNeverUnhealthy);
constexpr std::string_view kNeverRule = "1000000000000: never";

constexpr std::array kHealthKeys = {
    KeySpec{.section = "health",
            .key = "window_s",
            .type = kInteger,
            .default_text = "300",
            .min = 1,
            .max = 86'400,
            .example = "window_s = 60",
            .meaning = "How long a loss keeps the appliance unhealthy. Longer than a probe takes "
                       "to come round, or the probe misses it."},
    KeySpec{.section = "health",
            .key = "max_port_losses",
            .type = kInteger,
            .default_text = "0",
            .max = kNever,
            .rule = kNeverRule,
            .example = "max_port_losses = 100",
            .meaning = "Most packets in a window that ports may lose before the appliance has "
                       "them: `imissed`, `rx_nombuf`, `ierrors`."},
    KeySpec{.section = "health",
            .key = "max_losses",
            .type = kInteger,
            .default_text = "0",
            .max = kNever,
            .rule = kNeverRule,
            .example = "max_losses = 10",
            .meaning = "Most frames and packets in a window that the appliance itself may lose: "
                       "dropped for want of room, time, a route, a handler that takes them or a "
                       "disk that does."},
    KeySpec{.section = "health",
            .key = "max_shed",
            .type = kInteger,
            .default_text = "0",
            .max = kNever,
            .rule = kNeverRule,
            .example = "max_shed = 1000000000000",
            .meaning = "Most frames in a window that may be shed for their priority, because more "
                       "came than could be worked off."},
    KeySpec{.section = "health",
            .key = "max_dropped_as_told",
            .type = kInteger,
            .default_text = "1000000000000",
            .max = kNever,
            .rule = kNeverRule,
            .example = "max_dropped_as_told = 10000",
            .meaning = "Most frames in a window that may be dropped as told: by `on_full = "
                       "\"shed\"`, or by `unknown_topic = \"drop\"`."},
    KeySpec{.section = "health",
            .key = "max_refused",
            .type = kInteger,
            .default_text = "1000000000000",
            .max = kNever,
            .rule = kNeverRule,
            .example = "max_refused = 1000",
            .meaning = "Most frames and packets in a window that may be refused: malformed, or "
                       "not allowed. Any sender can make them."},
    KeySpec{.section = "health",
            .key = "max_producer_gaps",
            .type = kInteger,
            .default_text = "0",
            .max = kNever,
            .rule = kNeverRule,
            .example = "max_producer_gaps = 100",
            .meaning = "Most numbers of producers in a window that may turn out lost before the "
                       "appliance."},
    KeySpec{.section = "health",
            .key = "max_handler_busy_percent",
            .type = kInteger,
            .default_text = "100",
            .min = 1,
            .max = 100,
            .rule = "100: never",
            .example = "max_handler_busy_percent = 90",
            .meaning = "Most of a worker's time that its handlers may take."},
};

}  // namespace

constinit const KeyGroup kHealthGroup = {
    SectionSpec{.name = "health",
                .meaning = "What `escctl health` calls healthy (docs/control.md). A reload "
                           "replaces it."},
    kHealthKeys};

}  // namespace esc::config
