// Keys of the configuration: [[route]].
#include <array>

#include "config/key_groups.hpp"

namespace esc::config {
namespace {

using namespace std::string_view_literals;
using enum KeyType;

// Names in the order of the enumerators in config.hpp.
constexpr std::array kSpreadNames = {"round-robin"sv, "by-topic"sv, "by-producer"sv, "worker"sv};

constexpr std::int64_t kMi = 1 << 20;

constexpr std::array kRouteKeys = {
    KeySpec{.section = "route",
            .key = "topic",
            .type = kString,
            .required = true,
            .min = 1,
            .max = 255,
            .rule =
                "at most `limits.max_topic_bytes`; no control characters; not under `$esc/`; no "
                "`+` or `#` (wildcards are not supported yet); unique",
            .example = "topic = \"sensor/7/temp\"",
            .meaning = "The exact topic that this route takes."},
    KeySpec{.section = "route",
            .key = "handler",
            .type = kString,
            .required = true,
            .min = 1,
            .max = 64,
            .rule = "the name of a handler that escd has",
            .example = "handler = \"count\"",
            .meaning =
                "What a worker does with the event: `count` counts events and bytes per topic, "
                "`null` accepts, `fail` refuses (for tests)."},
    KeySpec{.section = "route",
            .key = "spread",
            .type = kChoice,
            .default_text = "\"by-topic\"",
            .choices = kSpreadNames,
            .example = "spread = \"round-robin\"",
            .meaning =
                "Which worker gets the event. `by-topic` and `by-producer` keep the order of "
                "each; `worker` names one."},
    KeySpec{
        .section = "route",
        .key = "worker",
        .type = kInteger,
        .min = 0,
        .max = 127,
        .rule = "an index in `lcores.workers`; with `spread = \"worker\"` only, and there required",
        .example = "worker = 0",
        .meaning = "The worker that gets every event of this route."},
};

}  // namespace

constinit const KeyGroup kRouteGroup = {
    SectionSpec{.name = "route",
                .is_array = true,
                .max_count = kMi,
                .meaning =
                    "One for each topic; at most `limits.max_routes`. A topic without a route is "
                    "dropped as `unknown_topic`."},
    kRouteKeys};

}  // namespace esc::config
