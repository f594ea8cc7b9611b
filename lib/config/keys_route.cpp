// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: [[route]] and [default_route].
#include <array>
#include <string_view>

#include "config/rows.hpp"

namespace esc::config {
namespace {

using namespace std::string_view_literals;

constexpr std::array kSpreadNames = {"round-robin"sv, "by-topic"sv, "by-producer"sv, "worker"sv};
constexpr std::array kOnFullNames = {"hold"sv, "shed"sv, "dead-letter"sv};
constexpr std::array kDedupNames = {"none"sv, "payload-id"sv, "content"sv};
constexpr std::int64_t kMaxPayloadBytes = 65'399;  // max_frame_bytes less the shortest topic

constexpr std::array kRouteRows = {
    key<&RouteConfig::topic>(
        {.key = "topic",
         .required = true,
         .min = 1,
         .max = 255,
         .on_reload = OnReload::kTaken,
         .rule = "at most `limits.max_topic_bytes`; no control characters; not under `$esc/`; "
                 "`+` and `#` are whole levels, `#` the last; unique",
         .example = "topic = \"sensor/+/temp\"",
         .meaning = "The topic that this route takes, or a pattern: `+` stands for any one "
                    "level, `#` for all that is left (docs/routing.md)."}),
    key<&RouteConfig::handler>(
        {.key = "handler",
         .required = true,
         .min = 1,
         .max = 64,
         .on_reload = OnReload::kTaken,
         .rule = "the name of a handler that escd has",
         .example = "handler = \"count\"",
         .meaning =
             "What a worker does with the event: `count` and `null` accept it, `fail` refuses "
             "and `slow` takes its time (for tests)."}),
    key<&RouteConfig::spread>(
        {.key = "spread",
         .choices = kSpreadNames,
         .on_reload = OnReload::kTaken,
         .example = "spread = \"round-robin\"",
         .meaning =
             "Which worker of its pipeline gets the event. `by-topic` and `by-producer` keep "
             "the order of each within a pipeline; `worker` names one. Numbered events go to "
             "the pipeline of their producer: with several pipelines a topic's events from "
             "several producers have no order among them."}),
    key<&RouteConfig::worker>(
        {.key = "worker",
         .no_default = true,
         .min = 0,
         .max = 127,
         .on_reload = OnReload::kTaken,
         .rule = "an index among the workers of a pipeline; with `spread = \"worker\"` only, and "
                 "there required",
         .example = "worker = 0",
         .meaning = "The worker that gets every event of this route."}),
    key<&RouteConfig::priority>(
        {.key = "priority",
         .min = 0,
         .max = 255,
         .on_reload = OnReload::kTaken,
         .example = "priority = 200",
         .meaning = "Priority of this route's events from the dispatcher on. Without it: what "
                    "the frame says. RX lcores shed by what the frame says, always."}),
    key<&RouteConfig::on_full>(
        {.key = "on_full",
         .choices = kOnFullNames,
         .on_reload = OnReload::kTaken,
         .example = "on_full = \"shed\"",
         .meaning = "What becomes of an event whose worker has no room. `hold`: it waits, as "
                    "long as there is room to wait in. `shed`: it is dropped as `worker_full`. "
                    "`dead-letter`: it is kept (`[dead_letters]`), or dropped likewise where "
                    "nothing is."}),
    key<&RouteConfig::retries>(
        {.key = "retries",
         .min = 0,
         .max = 15,
         .on_reload = OnReload::kTaken,
         .example = "retries = 3",
         .meaning = "How often an event that the handler failed on is handed to it again, "
                    "after the others that it was handed over with."}),
    key<&RouteConfig::dedup, &DedupConfig::kind>(
        {.key = "dedup",
         .choices = kDedupNames,
         .on_reload = OnReload::kTaken,
         .example = "dedup = \"content\"",
         .meaning = "How a second copy of an event without a session is told. `payload-id`: by "
                    "an id in the payload. `content`: by the payload. `none`: it is not; two "
                    "equal readings are two readings."}),
    key<&RouteConfig::dedup, &DedupConfig::offset>(
        {.key = "dedup_offset",
         .no_default = true,
         .min = 0,
         .max = kMaxPayloadBytes - 1,
         .on_reload = OnReload::kTaken,
         .rule = "with `dedup` only",
         .example = "dedup_offset = 8",
         .meaning = "Where in the payload the bytes that `dedup` looks at begin. Without it: 0."}),
    key<&RouteConfig::dedup, &DedupConfig::bytes>(
        {.key = "dedup_bytes",
         .no_default = true,
         .min = 1,
         .max = kMaxPayloadBytes,
         .on_reload = OnReload::kTaken,
         .rule = "with `dedup` only; with `payload-id` required, and at most 64",
         .example = "dedup_bytes = 16",
         .meaning = "How many bytes of the payload `dedup` looks at. Without it: all that "
                    "follow."}),
    key<&RouteConfig::publishers>(
        {.key = "publishers",
         .on_reload = OnReload::kTaken,
         .rule = "IPv4 and IPv6 prefixes, unique",
         .example = "publishers = [\"10.0.0.0/8\", \"2001:db8::/32\"]",
         .meaning = "From where this route's events may come. Empty: from anywhere."}),
};
constexpr auto kRouteKeys = rows_of("route", kRouteRows);

// What is said of an unknown topic's route is what is said of any, but for the topic.
constexpr auto kDefaultRouteKeys = rest_of(kRouteKeys, "default_route");

}  // namespace

constinit const SectionSpec kRouteSection = section<&Config::routes>(
    {.is_array = true,
     .max_count = kMi,
     .meaning = "One for each topic or pattern; at most `limits.max_routes`, and 16384 "
                "of patterns. Where several match, the most specific takes the event.",
     .load = load_routes},
    kRouteKeys);
constinit const SectionSpec kDefaultRouteSection =
    section<&Config::routing, &RoutingConfig::default_route>(
        {.meaning = "What takes unknown topics; with `unknown_topic = \"route\"` only, and "
                    "there required. The keys of `[[route]]`, but for the topic.",
         .load = load_default_route},
        kDefaultRouteKeys);

}  // namespace esc::config
