// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: the log.
#include <array>
#include <string_view>

#include "config/rows.hpp"

namespace esc::config {
namespace {

using namespace std::string_view_literals;

constexpr std::array kLevelNames = {"trace"sv, "debug"sv, "info"sv, "warn"sv, "error"sv};

constexpr std::array kLogRows = {
    key<&LogConfig::level>({.key = "level",
                            .choices = kLevelNames,
                            .example = "level = \"debug\"",
                            .meaning = "The lowest severity that is written."}),
    key<&LogConfig::file>({.key = "file",
                           .min = 1,
                           .max = 4'095,
                           .example = "file = \"/var/log/escd.log\"",
                           .meaning = "File to append to. Without it: standard error."}),
};
constexpr auto kLogKeys = rows_of("log", kLogRows);

}  // namespace

constinit const SectionSpec kLogSection =
    section<&Config::log>({.meaning = "The log. No data path writes to it."}, kLogKeys);

}  // namespace esc::config
