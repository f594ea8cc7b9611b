// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: what EAL is told.
#include <array>

#include "config/rows.hpp"

namespace esc::config {
namespace {

constexpr std::array kEalRows = {
    key<&EalConfig::args>(
        {.key = "args",
         .min = 1,
         .max = 4'096,
         .min_items = 0,
         .max_items = 128,
         .rule = "no core, process, memory or device options: escd makes those",
         .example = "args = [\"--no-pci\"]",
         .meaning = "Arguments for EAL, one string each; what follows `--` on the command line is "
                    "appended."}),
};
constexpr auto kEalKeys = rows_of("eal", kEalRows);

}  // namespace

constinit const SectionSpec kEalSection = section<&Config::eal>(
    {.meaning = "What DPDK's environment layer (EAL) is told besides the lcore plan.",
     .rules = check_eal},
    kEalKeys);

}  // namespace esc::config
