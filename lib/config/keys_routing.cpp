// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: what becomes of events that no route takes.
#include <array>
#include <string_view>

#include "config/rows.hpp"

namespace esc::config {
namespace {

using namespace std::string_view_literals;

constexpr std::array kUnknownTopicNames = {"dead-letter"sv, "drop"sv, "route"sv};

constexpr std::array kRoutingRows = {
    key<&RoutingConfig::unknown_topic>(
        {.key = "unknown_topic",
         .choices = kUnknownTopicNames,
         .on_reload = OnReload::kTaken,
         .example = "unknown_topic = \"drop\"",
         .meaning = "What becomes of an event that no `[[route]]` takes. `drop`: it is dropped "
                    "as `unknown_topic`. `dead-letter`: it becomes a dead letter, or is dropped "
                    "as with `drop` if dead letters are not kept. `route`: `[default_route]` "
                    "takes it."}),
};
constexpr auto kRoutingKeys = rows_of("routing", kRoutingRows);

}  // namespace

constinit const SectionSpec kRoutingSection = section<&Config::routing>(
    {.meaning = "What becomes of events that no route takes."}, kRoutingKeys);

}  // namespace esc::config
