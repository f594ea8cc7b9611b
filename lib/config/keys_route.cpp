// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: [routing], [default_route], [[route]], [[producer]].
#include <algorithm>
#include <array>

#include "config/key_groups.hpp"
#include "wire/ip_prefix.hpp"

namespace esc::config {
namespace {

using namespace std::string_view_literals;
using enum KeyType;

// Names in the order of the enumerators in routes.hpp.
constexpr std::array kSpreadNames = {"round-robin"sv, "by-topic"sv, "by-producer"sv, "worker"sv};
constexpr std::array kOnFullNames = {"hold"sv, "shed"sv, "dead-letter"sv};
constexpr std::array kDedupNames = {"none"sv, "payload-id"sv, "content"sv};
constexpr std::array kUnknownTopicNames = {"dead-letter"sv, "drop"sv, "route"sv};

constexpr std::int64_t kMi = 1 << 20;
constexpr std::int64_t kMaxPayloadBytes = 65'399;  // max_frame_bytes less the shortest topic

constexpr std::array kRoutingKeys = {
    KeySpec{.section = "routing",
            .key = "unknown_topic",
            .type = kChoice,
            .default_text = "\"dead-letter\"",
            .choices = kUnknownTopicNames,
            .example = "unknown_topic = \"drop\"",
            .meaning =
                "What becomes of an event that no `[[route]]` takes. `drop`: it is "
                "dropped as `unknown_topic`. `dead-letter`: it is kept (`[dead_letters]`), "
                "or dropped likewise where nothing is. `route`: `[default_route]` takes it."},
};

constexpr std::array kRouteKeys = {
    KeySpec{.section = "route",
            .key = "topic",
            .type = kString,
            .required = true,
            .min = 1,
            .max = 255,
            .rule = "at most `limits.max_topic_bytes`; no control characters; not under `$esc/`; "
                    "`+` and `#` are whole levels, `#` the last; unique",
            .example = "topic = \"sensor/+/temp\"",
            .meaning = "The topic that this route takes, or a pattern: `+` stands for any one "
                       "level, `#` for all that is left (docs/routing.md)."},
    KeySpec{.section = "route",
            .key = "handler",
            .type = kString,
            .required = true,
            .min = 1,
            .max = 64,
            .rule = "the name of a handler that escd has",
            .example = "handler = \"count\"",
            .meaning =
                "What a worker does with the event: `count` and `null` accept it, `fail` refuses "
                "and `slow` takes its time (for tests)."},
    KeySpec{.section = "route",
            .key = "spread",
            .type = kChoice,
            .default_text = "\"by-topic\"",
            .choices = kSpreadNames,
            .example = "spread = \"round-robin\"",
            .meaning =
                "Which worker of its pipeline gets the event. `by-topic` and `by-producer` keep "
                "the order of each within a pipeline; `worker` names one. Numbered events go to "
                "the pipeline of their producer: with several pipelines a topic's events from "
                "several producers have no order among them."},
    KeySpec{.section = "route",
            .key = "worker",
            .type = kInteger,
            .min = 0,
            .max = 127,
            .rule =
                "an index among the workers of a pipeline; with `spread = \"worker\"` only, and "
                "there required",
            .example = "worker = 0",
            .meaning = "The worker that gets every event of this route."},
    KeySpec{.section = "route",
            .key = "priority",
            .type = kInteger,
            .min = 0,
            .max = 255,
            .example = "priority = 200",
            .meaning = "Priority of this route's events from the dispatcher on. Without it: what "
                       "the frame says. RX lcores shed by what the frame says, always."},
    KeySpec{
        .section = "route",
        .key = "on_full",
        .type = kChoice,
        .default_text = "\"hold\"",
        .choices = kOnFullNames,
        .example = "on_full = \"shed\"",
        .meaning =
            "What becomes of an event whose worker has no room. `hold`: it waits, as "
            "long as there is room to wait in. `shed`: it is dropped as `worker_full`. "
            "`dead-letter`: it is kept (`[dead_letters]`), or dropped likewise where nothing is."},
    KeySpec{.section = "route",
            .key = "retries",
            .type = kInteger,
            .default_text = "0",
            .min = 0,
            .max = 15,
            .example = "retries = 3",
            .meaning = "How often an event that the handler failed on is handed to it again, "
                       "after the others that it was handed over with."},
    KeySpec{.section = "route",
            .key = "dedup",
            .type = kChoice,
            .default_text = "\"none\"",
            .choices = kDedupNames,
            .example = "dedup = \"content\"",
            .meaning = "How a second copy of an event without a session is told. `payload-id`: by "
                       "an id in the payload. `content`: by the payload. `none`: it is not; two "
                       "equal readings are two readings."},
    KeySpec{
        .section = "route",
        .key = "dedup_offset",
        .type = kInteger,
        .min = 0,
        .max = kMaxPayloadBytes - 1,
        .rule = "with `dedup` only",
        .example = "dedup_offset = 8",
        .meaning = "Where in the payload the bytes that `dedup` looks at begin. Without it: 0."},
    KeySpec{.section = "route",
            .key = "dedup_bytes",
            .type = kInteger,
            .min = 1,
            .max = kMaxPayloadBytes,
            .rule = "with `dedup` only; with `payload-id` required, and at most 64",
            .example = "dedup_bytes = 16",
            .meaning = "How many bytes of the payload `dedup` looks at. Without it: all that "
                       "follow."},
    KeySpec{.section = "route",
            .key = "publishers",
            .type = kStrings,
            .default_text = "[]",
            .min = kShortestPrefix,
            .max = kLongestPrefix,
            .min_items = 0,
            .max_items = kMaxPrefixes,
            .rule = "IPv4 and IPv6 prefixes, unique",
            .example = "publishers = [\"10.0.0.0/8\", \"2001:db8::/32\"]",
            .meaning = "From where this route's events may come. Empty: from anywhere."},
};

// What is said of an unknown topic's route is what is said of any, but for the topic.
constexpr auto kDefaultRouteKeys = [] {
  std::array<KeySpec, kRouteKeys.size() - 1> keys{};
  std::copy(kRouteKeys.begin() + 1, kRouteKeys.end(), keys.begin());
  for (KeySpec& key : keys) key.section = "default_route";
  return keys;
}();

constexpr std::array kProducerKeys = {
    KeySpec{.section = "producer",
            .key = "id",
            .type = kUnsigned64,
            .required = true,
            .rule = "as a string decimal or `0x...`; unique",
            .example = "id = \"0xfeed00000000cafe\"",
            .meaning = "The producer, as its session frames name it."},
    KeySpec{.section = "producer",
            .key = "sources",
            .type = kStrings,
            .required = true,
            .min = kShortestPrefix,
            .max = kLongestPrefix,
            .min_items = 1,
            .max_items = kMaxPrefixes,
            .rule = "IPv4 and IPv6 prefixes, unique",
            .example = "sources = [\"10.7.0.0/16\"]",
            .meaning = "From where its events may come."},
};

}  // namespace

constinit const KeyGroup kRoutingGroup = {
    SectionSpec{.name = "routing", .meaning = "What no route takes."}, kRoutingKeys};
constinit const KeyGroup kDefaultRouteGroup = {
    SectionSpec{.name = "default_route",
                .meaning = "What takes unknown topics; with `unknown_topic = \"route\"` only, and "
                           "there required. The keys of `[[route]]`, but for the topic."},
    kDefaultRouteKeys};
constinit const KeyGroup kRouteGroup = {
    SectionSpec{.name = "route",
                .is_array = true,
                .max_count = kMi,
                .meaning = "One for each topic or pattern; at most `limits.max_routes`, and 16384 "
                           "of patterns. Where several match, the most specific takes the event."},
    kRouteKeys};
constinit const KeyGroup kProducerGroup = {
    SectionSpec{.name = "producer",
                .is_array = true,
                .max_count = 65'536,
                .meaning = "One for each producer that is bound to where it sends from; at most "
                           "65536. Others are believed from anywhere."},
    kProducerKeys};

}  // namespace esc::config
