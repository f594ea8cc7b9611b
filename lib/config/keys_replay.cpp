// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: who may send dead letters again.
#include <array>

#include "config/rows.hpp"

namespace esc::config {
namespace {

constexpr std::array kReplayRows = {
    key<&ReplayConfig::sources>(
        {.key = "sources",
         .on_reload = OnReload::kTaken,
         .rule = "IPv4 and IPv6 prefixes, unique",
         .example = "sources = [\"192.0.2.7\"]",
         .meaning = "The addresses from which `esc-dlq replay` may send dead letters again. An "
                    "event from elsewhere that says that it is a replayed dead letter is "
                    "`replay_not_allowed`. Without it: no address. The first sources need a "
                    "restart if neither `dead_letters.directory` nor `keyed_bytes` is set."}),
};
constexpr auto kReplayKeys = rows_of("replay", kReplayRows);

}  // namespace

constinit const SectionSpec kReplaySection = section<&Config::replay>(
    {.meaning = "Who may send dead letters again (docs/dead-letters.md)."}, kReplayKeys);

}  // namespace esc::config
