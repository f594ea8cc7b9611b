// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: Limits, the end, the log, the control socket.
#include <array>

#include "config/key_groups.hpp"

namespace esc::config {
namespace {

using namespace std::string_view_literals;
using enum KeyType;

// Names in the order of the enumerators in config.hpp.
constexpr std::array kLevelNames = {"trace"sv, "debug"sv, "info"sv, "warn"sv, "error"sv};

constexpr std::int64_t kMi = 1 << 20;

constexpr std::array kLimitsKeys = {
    KeySpec{.section = "limits",
            .key = "max_frame_bytes",
            .type = kInteger,
            .default_text = "65403",
            .min = 64,
            .max = 65'403,
            .example = "max_frame_bytes = 9000",
            .meaning = "Largest valid length field of a frame (docs/wire-format.md)."},
    KeySpec{.section = "limits",
            .key = "max_topic_bytes",
            .type = kInteger,
            .default_text = "255",
            .min = 12,
            .max = 255,
            .example = "max_topic_bytes = 64",
            .meaning = "Longest valid topic, on the wire and in a route."},
    KeySpec{.section = "limits",
            .key = "max_routes",
            .type = kInteger,
            .default_text = "65536",
            .min = 1,
            .max = kMi,
            .example = "max_routes = 1000000",
            .meaning = "Most routes that this file may have."},
};

constexpr std::array kShutdownKeys = {
    KeySpec{.section = "shutdown",
            .key = "drain_timeout_ms",
            .type = kInteger,
            .default_text = "5000",
            .min = 100,
            .max = 600'000,
            .example = "drain_timeout_ms = 30000",
            .meaning = "Time for what is in flight after SIGTERM; what is left then is "
                       "`drained_at_deadline`: a dead letter, or dropped."},
};

constexpr std::array kLogKeys = {
    KeySpec{.section = "log",
            .key = "level",
            .type = kChoice,
            .default_text = "\"info\"",
            .choices = kLevelNames,
            .example = "level = \"debug\"",
            .meaning = "Least severity that is written."},
    KeySpec{.section = "log",
            .key = "file",
            .type = kString,
            .min = 1,
            .max = 4'095,
            .example = "file = \"/var/log/escd.log\"",
            .meaning = "File to append to. Without it: standard error."},
};

constexpr std::array kControlKeys = {
    KeySpec{.section = "control",
            .key = "socket",
            .type = kString,
            .min = 1,
            .max = 107,
            .example = "socket = \"/run/escd/demo/control.sock\"",
            .meaning = "Path of the control socket. Without it: made from `instance`."},
};

}  // namespace

constinit const KeyGroup kLimitsGroup = {
    SectionSpec{.name = "limits",
                .meaning = "What a frame may be, and how much there may be of it."},
    kLimitsKeys};
constinit const KeyGroup kShutdownGroup = {
    SectionSpec{.name = "shutdown", .meaning = "How it ends."}, kShutdownKeys};
constinit const KeyGroup kLogGroup = {
    SectionSpec{.name = "log", .meaning = "Never written from a data path."}, kLogKeys};
constinit const KeyGroup kControlGroup = {
    SectionSpec{.name = "control", .meaning = "How escctl reaches this instance."}, kControlKeys};

}  // namespace esc::config
