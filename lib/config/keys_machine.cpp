// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: What the machine gives: EAL, memory, CPUs, rings.
#include <array>

#include "config/key_groups.hpp"

namespace esc::config {
namespace {

using namespace std::string_view_literals;
using enum KeyType;

// Names in the order of the enumerators in config.hpp.
constexpr std::array kHugepagesNames = {"auto"sv, "require"sv, "off"sv};
constexpr std::array kIdleNames = {"busy"sv, "adaptive"sv};

constexpr std::int64_t kMaxCpu = 1'023;  // EAL's own bound on CPU numbers in --lcores
constexpr std::int64_t kMi = 1 << 20;

constexpr std::array kTopKeys = {
    KeySpec{.section = "",
            .key = "instance",
            .type = kString,
            .default_text = "\"escd\"",
            .min = 1,
            .max = 32,
            .rule = "letters, digits, `_` and `-`",
            .example = "instance = \"demo\"",
            .meaning = "Name of this escd: EAL file prefix, control socket, and `instance` in its "
                       "statistics. Several escd with different names share a host."},
};

constexpr std::array kEalKeys = {
    KeySpec{.section = "eal",
            .key = "args",
            .type = kStrings,
            .default_text = "[]",
            .min = 1,
            .max = 4'096,
            .min_items = 0,
            .max_items = 128,
            .rule = "no core, process, memory or device options: escd makes those",
            .example = "args = [\"--no-pci\"]",
            .meaning =
                "Arguments for EAL, one string each; what follows `--` on the command line is "
                "appended."},
};

constexpr std::array kMemoryKeys = {
    KeySpec{.section = "memory",
            .key = "hugepages",
            .type = kChoice,
            .default_text = "\"auto\"",
            .choices = kHugepagesNames,
            .example = "hugepages = \"require\"",
            .meaning = "`auto`: use them when enough are free, else ordinary pages, and say so. "
                       "`require`: do not start without. `off`: ordinary pages."},
    KeySpec{.section = "memory",
            .key = "limit_mib",
            .type = kInteger,
            .default_text = "0",
            .min = 64,
            .max = kMi,
            .zero_too = true,
            .example = "limit_mib = 1024",
            .meaning = "Most memory DPDK may take, in MiB. 0: what pools and rings add up to."},
};

constexpr std::array kLcoresKeys = {
    KeySpec{.section = "lcores",
            .key = "rx",
            .type = kIntegers,
            .required = true,
            .min = 0,
            .max = kMaxCpu,
            .min_items = 1,
            .max_items = 127,
            .rule = "unique",
            .example = "rx = [0]",
            .meaning =
                "CPUs that poll the ports; queues are dealt to them, those of their own NUMA "
                "node first."},
    KeySpec{.section = "lcores",
            .key = "dispatch",
            .type = kIntegers,
            .required = true,
            .min = 0,
            .max = kMaxCpu,
            .min_items = 1,
            .max_items = 32,
            .rule = "may repeat",
            .example = "dispatch = 1",
            .meaning = "CPU of the dispatcher; of several, where there are to be several "
                       "pipelines."},
    KeySpec{.section = "lcores",
            .key = "workers",
            .type = kIntegers,
            .required = true,
            .min = 0,
            .max = kMaxCpu,
            .min_items = 1,
            .max_items = 128,
            .rule = "may repeat; each on the NUMA node of a dispatcher",
            .example = "workers = [1, 1]",
            .meaning = "CPU of each worker. A number that stands twice folds two workers onto one "
                       "lcore. Workers are dealt to the pipelines of their node in turn."},
    KeySpec{.section = "lcores",
            .key = "storage",
            .type = kInteger,
            .min = 0,
            .max = kMaxCpu,
            .example = "storage = 1",
            .meaning = "CPU of the storage role, which gathers dead letters. Without it: the last "
                       "worker's. There is none without `dead_letters.directory`."},
    KeySpec{.section = "lcores",
            .key = "main",
            .type = kInteger,
            .min = 0,
            .max = kMaxCpu,
            .example = "main = 0",
            .meaning = "CPU of the main lcore, which never polls a port. Without it: a CPU with no "
                       "roles, else the one with the fewest."},
    KeySpec{.section = "lcores",
            .key = "idle",
            .type = kChoice,
            .default_text = "\"adaptive\"",
            .choices = kIdleNames,
            .example = "idle = \"busy\"",
            .meaning =
                "What an lcore does when there is nothing to do. `busy`: poll on. `adaptive`: "
                "spin, pause, then sleep."},
    KeySpec{.section = "lcores",
            .key = "sleep_max_us",
            .type = kInteger,
            .default_text = "1000",
            .min = 10,
            .max = 1'000,
            .example = "sleep_max_us = 50",
            .meaning =
                "Longest sleep of an idle lcore that receives, in microseconds; other lcores "
                "sleep up to four times as long. With `adaptive` only."},
    KeySpec{.section = "lcores",
            .key = "stall_ms",
            .type = kInteger,
            .default_text = "500",
            .min = 100,
            .max = 10'000,
            .example = "stall_ms = 1000",
            .meaning = "An lcore that does not come round for so many milliseconds is reported as "
                       "stalled."},
};

constexpr std::array kRingsKeys = {
    KeySpec{.section = "rings",
            .key = "ingest_cells",
            .type = kInteger,
            .default_text = "0",
            .min = 64,
            .max = kMi,
            .zero_too = true,
            .power_of_two = true,
            .example = "ingest_cells = 16384",
            .meaning = "Cells of the ring from the RX lcores to the dispatcher. 0: 65536, or 1024 "
                       "where all roles share one CPU."},
    KeySpec{.section = "rings",
            .key = "ingest_soft_mark_cells",
            .type = kInteger,
            .default_text = "512",
            .min = 1,
            .max = kMi,
            .rule = "at most `ingest_cells`",
            .example = "ingest_soft_mark_cells = 256",
            .meaning =
                "Past this depth a port that has room of its own is not polled: a shallow ring "
                "stays in the cache."},
    KeySpec{.section = "rings",
            .key = "worker_cells",
            .type = kInteger,
            .default_text = "0",
            .min = 64,
            .max = kMi,
            .zero_too = true,
            .power_of_two = true,
            .example = "worker_cells = 4096",
            .meaning = "Cells of each ring from the dispatcher to a worker. 0: 16384, or 1024 "
                       "where all roles share one CPU."},
    KeySpec{.section = "rings",
            .key = "hold_cells",
            .type = kInteger,
            .default_text = "0",
            .min = 64,
            .max = kMi,
            .zero_too = true,
            .power_of_two = true,
            .example = "hold_cells = 16384",
            .meaning = "Events that may wait for each worker whose ring is full. 0: 4096, or 1024 "
                       "where all roles share one CPU."},
    KeySpec{.section = "rings",
            .key = "hold_timeout_ms",
            .type = kInteger,
            .default_text = "1000",
            .min = 1,
            .max = 600'000,
            .example = "hold_timeout_ms = 100",
            .meaning =
                "Longest time that an event waits for its worker; then it is `hold_expired`, and "
                "nothing more waits for that worker until it moves again."},
    KeySpec{.section = "rings",
            .key = "burst",
            .type = kInteger,
            .default_text = "64",
            .min = 8,
            .max = 64,
            .power_of_two = true,
            .example = "burst = 32",
            .meaning = "Most packets or events that a role takes at once."},
};

}  // namespace

constinit const KeyGroup kTopGroup = {SectionSpec{.name = "", .meaning = "Before the first table."},
                                      kTopKeys};
constinit const KeyGroup kEalGroup = {
    SectionSpec{.name = "eal",
                .meaning = "What DPDK's environment layer is told besides the plan."},
    kEalKeys};
constinit const KeyGroup kMemoryGroup = {
    SectionSpec{.name = "memory", .meaning = "Where pools and rings live."}, kMemoryKeys};
constinit const KeyGroup kLcoresGroup = {
    SectionSpec{.name = "lcores", .meaning = "Which CPU does what. Roles may share a CPU."},
    kLcoresKeys};
constinit const KeyGroup kRingsGroup = {
    SectionSpec{.name = "rings", .meaning = "The rings between the roles, in 64-byte cells."},
    kRingsKeys};

}  // namespace esc::config
