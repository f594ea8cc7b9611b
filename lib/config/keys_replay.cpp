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
         .meaning = "Who may send dead letters again, with `esc-dlq replay`. What says that it "
                    "is one and comes from elsewhere is `replay_not_allowed`. Without it: "
                    "nobody. The first ones need a restart where there are neither dead letters "
                    "nor `keyed_bytes`."}),
};
constexpr auto kReplayKeys = rows_of("replay", kReplayRows);

}  // namespace

constinit const SectionSpec kReplaySection = section<&Config::replay>(
    {.meaning = "From where dead letters may come again (docs/dead-letters.md)."}, kReplayKeys);

}  // namespace esc::config
