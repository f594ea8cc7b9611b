// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration that stand before the first table.
#include <array>

#include "config/rows.hpp"

namespace esc::config {
namespace {

constexpr std::array kTopRows = {
    key<&Config::instance>(
        {.key = "instance",
         .min = 1,
         .max = 32,
         .rule = "letters, digits, `_` and `-`",
         .example = "instance = \"demo\"",
         .meaning = "Name of this escd: EAL file prefix, control socket, and `instance` in its "
                    "statistics. Several escd with different names can share a host."}),
};
constexpr auto kTopKeys = rows_of("", kTopRows);

}  // namespace

constinit const SectionSpec kTopSection =
    section<>({.meaning = "Keys before the first table.", .rules = check_instance}, kTopKeys);

}  // namespace esc::config
