// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: the control socket.
#include <array>

#include "config/rows.hpp"

namespace esc::config {
namespace {

constexpr std::array kControlRows = {
    key<&ControlConfig::socket>(
        {.key = "socket",
         .min = 1,
         .max = 107,
         .example = "socket = \"/run/escd/demo/control.sock\"",
         .meaning = "Path of the control socket. Without it: made from `instance`."}),
};
constexpr auto kControlKeys = rows_of("control", kControlRows);

}  // namespace

constinit const SectionSpec kControlSection =
    section<&Config::control>({.meaning = "How escctl reaches this instance."}, kControlKeys);

}  // namespace esc::config
