// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: how large frames and topics may be, and how many routes there may be.
#include <array>

#include "config/rows.hpp"

namespace esc::config {
namespace {

constexpr std::array kLimitsRows = {
    key<&LimitsConfig::max_frame_bytes>(
        {.key = "max_frame_bytes",
         .min = 64,
         .max = 65'403,
         .example = "max_frame_bytes = 9000",
         .meaning = "Largest valid length field of a frame (docs/wire-format.md)."}),
    key<&LimitsConfig::max_topic_bytes>(
        {.key = "max_topic_bytes",
         .min = 12,
         .max = 255,
         .example = "max_topic_bytes = 64",
         .meaning = "Longest valid topic, on the wire and in a route."}),
    key<&LimitsConfig::max_routes>({.key = "max_routes",
                                    .min = 1,
                                    .max = kMi,
                                    .example = "max_routes = 1000000",
                                    .meaning = "The most routes that this file may have."}),
};
constexpr auto kLimitsKeys = rows_of("limits", kLimitsRows);

}  // namespace

constinit const SectionSpec kLimitsSection = section<&Config::limits>(
    {.meaning = "How large frames and topics may be, and how many routes there may be."},
    kLimitsKeys);

}  // namespace esc::config
