// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: where pools and rings live.
#include <array>
#include <string_view>

#include "config/rows.hpp"

namespace esc::config {
namespace {

using namespace std::string_view_literals;

constexpr std::array kHugepagesNames = {"auto"sv, "require"sv, "off"sv};

constexpr std::array kMemoryRows = {
    key<&MemoryConfig::hugepages>(
        {.key = "hugepages",
         .choices = kHugepagesNames,
         .example = "hugepages = \"require\"",
         .meaning = "`auto`: use hugepages if enough are free, else ordinary pages, with a "
                    "warning. `require`: do not start without enough hugepages. `off`: use "
                    "ordinary pages."}),
    key<&MemoryConfig::limit_mib>(
        {.key = "limit_mib",
         .min = 64,
         .max = kMi,
         .zero_too = true,
         .example = "limit_mib = 1024",
         .meaning = "The most memory that DPDK may take, in MiB. 0: as much as pools and rings "
                    "add up to."}),
};
constexpr auto kMemoryKeys = rows_of("memory", kMemoryRows);

}  // namespace

constinit const SectionSpec kMemorySection =
    section<&Config::memory>({.meaning = "Where pools and rings live."}, kMemoryKeys);

}  // namespace esc::config
