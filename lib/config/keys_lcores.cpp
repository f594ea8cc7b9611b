// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: which CPU does what.
#include <array>
#include <string_view>

#include "config/rows.hpp"

namespace esc::config {
namespace {

using namespace std::string_view_literals;

constexpr std::array kIdleNames = {"busy"sv, "adaptive"sv};
constexpr std::int64_t kMaxCpu = 1'023;  // EAL's own bound on CPU numbers in --lcores

constexpr std::array kLcoresRows = {
    key<&LcoresConfig::rx>(
        {.key = "rx",
         .min = 0,
         .max = kMaxCpu,
         .max_items = 127,
         .rule = "unique; at least one with a `[[port]]`",
         .example = "rx = [0]",
         .meaning = "CPUs that poll the ports. Each receive queue is given to the CPU with the "
                    "fewest queues; CPUs on the port's NUMA node come first."}),
    key<&LcoresConfig::tcp>(
        {.key = "tcp",
         .min = 0,
         .max = kMaxCpu,
         .max_items = 32,
         .rule = "unique",
         .example = "tcp = [1]",
         .meaning = "CPUs that take TCP connections, a TCP role each; the kernel deals the "
                    "connections out among them. Empty: the CPU of the first dispatcher. "
                    "Without `[[tcp]]` there is no TCP role."}),
    key<&LcoresConfig::dispatch>(
        {.key = "dispatch",
         .required = true,
         .min = 0,
         .max = kMaxCpu,
         .min_items = 1,
         .max_items = 32,
         .rule = "may repeat",
         .example = "dispatch = 1",
         .meaning = "CPU of the dispatcher. Several numbers make several pipelines, each with "
                    "its own dispatcher."}),
    key<&LcoresConfig::workers>(
        {.key = "workers",
         .required = true,
         .min = 0,
         .max = kMaxCpu,
         .min_items = 1,
         .max_items = 128,
         .rule = "may repeat; each on the NUMA node of a dispatcher",
         .example = "workers = [1, 1]",
         .meaning = "CPU of each worker. A CPU that is listed twice runs two workers on one "
                    "lcore. The pipelines of a NUMA node get the workers of that node in turn."}),
    key<&LcoresConfig::storage>(
        {.key = "storage",
         .min = 0,
         .max = kMaxCpu,
         .example = "storage = 1",
         .meaning = "CPU of the storage role, which gathers dead letters. Without it: the CPU "
                    "of the last worker. Without `dead_letters.directory` there is no storage "
                    "role."}),
    key<&LcoresConfig::main>(
        {.key = "main",
         .min = 0,
         .max = kMaxCpu,
         .example = "main = 0",
         .meaning = "CPU of the main lcore, which never polls a port. Without it: a CPU with no "
                    "roles, else the one with the fewest."}),
    key<&LcoresConfig::idle>(
        {.key = "idle",
         .choices = kIdleNames,
         .example = "idle = \"busy\"",
         .meaning = "What an lcore does when there is nothing to do. `busy`: poll on. `adaptive`: "
                    "spin, pause, then sleep."}),
    key<&LcoresConfig::sleep_max_us>(
        {.key = "sleep_max_us",
         .min = 10,
         .max = 1'000,
         .example = "sleep_max_us = 50",
         .meaning = "Longest sleep of an idle lcore that receives, in microseconds; other "
                    "lcores sleep up to four times as long. Only with `idle = \"adaptive\"`."}),
    key<&LcoresConfig::stall_ms>(
        {.key = "stall_ms",
         .min = 100,
         .max = 10'000,
         .example = "stall_ms = 1000",
         .meaning = "An lcore that begins no new round for this many milliseconds is reported "
                    "as stalled."}),
};
constexpr auto kLcoresKeys = rows_of("lcores", kLcoresRows);

}  // namespace

constinit const SectionSpec kLcoresSection = section<&Config::lcores>(
    {.meaning = "Which CPU does what. Roles may share a CPU.", .rules = check_lcores}, kLcoresKeys);

}  // namespace esc::config
