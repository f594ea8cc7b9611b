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
                    "level, `#` for all levels that are left (docs/routing.md)."}),
    key<&RouteConfig::handler>(
        {.key = "handler",
         .required = true,
         .min = 1,
         .max = 64,
         .on_reload = OnReload::kTaken,
         .rule = "the name of a handler that escd has",
         .example = "handler = \"count\"",
         .meaning =
             "What a worker does with the event. docs/routing.md lists the handlers; `count` "
             "and `null` accept every event."}),
    key<&RouteConfig::spread>(
        {.key = "spread",
         .choices = kSpreadNames,
         .on_reload = OnReload::kTaken,
         .example = "spread = \"round-robin\"",
         .meaning =
             "Which worker of its pipeline gets the event. Within a pipeline `by-topic` keeps "
             "the order of each topic's events, and `by-producer` that of each producer's; "
             "`worker` names one worker. Numbered events go to the pipeline of their producer: "
             "with several pipelines a topic's events from several producers have no order "
             "among them."}),
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
         .meaning = "Priority of this route's events from the dispatcher on. Without it: the "
                    "priority in the frame. RX lcores always shed by the priority in the frame."}),
    key<&RouteConfig::on_full>(
        {.key = "on_full",
         .choices = kOnFullNames,
         .on_reload = OnReload::kTaken,
         .example = "on_full = \"shed\"",
         .meaning = "What becomes of an event whose worker has no room. `hold`: it waits, as "
                    "long as there is room to wait in. `shed`: it is dropped as `worker_full`. "
                    "`dead-letter`: it becomes a dead letter, or is dropped as with `shed` if "
                    "dead letters are not kept."}),
    key<&RouteConfig::retries>(
        {.key = "retries",
         .min = 0,
         .max = 15,
         .on_reload = OnReload::kTaken,
         .example = "retries = 3",
         .meaning = "How often an event that the handler refused is handed to it again, after "
                    "the events that were handed over together with it."}),
    key<&RouteConfig::dedup, &DedupConfig::kind>(
        {.key = "dedup",
         .choices = kDedupNames,
         .on_reload = OnReload::kTaken,
         .example = "dedup = \"content\"",
         .meaning = "How a copy of an event without a session is recognised. `payload-id`: by "
                    "an id in the payload. `content`: by the payload. `none`: not at all; two "
                    "equal readings are two readings."}),
    key<&RouteConfig::dedup, &DedupConfig::offset>(
        {.key = "dedup_offset",
         .no_default = true,
         .min = 0,
         .max = kMaxPayloadBytes - 1,
         .on_reload = OnReload::kTaken,
         .rule = "with `dedup` only",
         .example = "dedup_offset = 8",
         .meaning = "Offset in the payload of the first byte that `dedup` looks at. Without it: "
                    "0."}),
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
         .meaning = "The addresses from which this route's events may come. Empty: any address."}),
};
constexpr auto kRouteKeys = rows_of("route", kRouteRows);

// The default route has the keys of every route, except the topic.
constexpr auto kDefaultRouteKeys = rest_of(kRouteKeys, "default_route");

}  // namespace

constinit const SectionSpec kRouteSection = section<&Config::routes>(
    {.is_array = true,
     .max_count = kMi,
     .meaning = "One for each topic or pattern: at most `limits.max_routes`, and at most 16384 "
                "with patterns. If several match a topic, the most specific takes the event.",
     .load = load_routes},
    kRouteKeys);
constinit const SectionSpec kDefaultRouteSection =
    section<&Config::routing, &RoutingConfig::default_route>(
        {.meaning = "The route of unknown topics. It is required with `unknown_topic = "
                    "\"route\"`, and not allowed otherwise. It has the keys of `[[route]]`, "
                    "except `topic`.",
         .load = load_default_route},
        kDefaultRouteKeys);

}  // namespace esc::config
