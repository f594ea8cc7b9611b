#include <algorithm>
#include <array>

#include "config/keys.hpp"
#include "config/keys_pressure.hpp"

namespace esc::config {
namespace {

using namespace std::string_view_literals;
using enum KeyType;

// Names in the order of the enumerators in config.hpp.
constexpr std::array kHugepagesNames = {"auto"sv, "require"sv, "off"sv};
constexpr std::array kChecksumNames = {"verify"sv, "nic"sv, "off"sv};
constexpr std::array kIdleNames = {"busy"sv, "adaptive"sv};
constexpr std::array kSpreadNames = {"round-robin"sv, "by-topic"sv, "by-producer"sv, "worker"sv};
constexpr std::array kLevelNames = {"trace"sv, "debug"sv, "info"sv, "warn"sv, "error"sv};
constexpr std::array kAutoName = {"auto"sv};

constexpr std::int64_t kMaxCpu = 1'023;  // EAL's own bound on CPU numbers in --lcores
constexpr std::int64_t kMi = 1 << 20;

constexpr std::array kSections = {
    SectionSpec{.name = "", .meaning = "Before the first table."},
    SectionSpec{.name = "eal",
                .meaning = "What DPDK's environment layer is told besides the plan."},
    SectionSpec{.name = "memory", .meaning = "Where pools and rings live."},
    SectionSpec{.name = "port",
                .is_array = true,
                .max_count = 32,
                .meaning = "One for each port that escd owns; at least one, at most 32."},
    SectionSpec{.name = "lcores", .meaning = "Which CPU does what. Roles may share a CPU."},
    SectionSpec{.name = "rings", .meaning = "The rings between the roles, in 64-byte cells."},
    SectionSpec{.name = "limits",
                .meaning = "What a frame may be, and how much there may be of it."},
    kPressureSection,
    SectionSpec{.name = "shutdown", .meaning = "How it ends."},
    SectionSpec{.name = "log", .meaning = "Never written from a data path."},
    SectionSpec{.name = "control", .meaning = "How escctl reaches this instance."},
    SectionSpec{.name = "route",
                .is_array = true,
                .max_count = kMi,
                .meaning =
                    "One for each topic; at most `limits.max_routes`. A topic without a route is "
                    "dropped as `unknown_topic`."},
};

constexpr std::array kMostKeys = {
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
    KeySpec{.section = "port",
            .key = "device",
            .type = kString,
            .required = true,
            .min = 1,
            .max = 1'024,
            .rule = "a PCI address or a virtual device (`net_...`); each only once",
            .example = "device = \"net_pcap0,rx_pcap=trace.pcap\"",
            .meaning = "The port, as DPDK names it: `0000:01:00.0`, or a virtual device with its "
                       "arguments. Files in it are relative to the working directory."},
    KeySpec{.section = "port",
            .key = "name",
            .type = kString,
            .min = 1,
            .max = 64,
            .rule = "letters, digits, `_`, `-`, `.` and `:`; unique, not `jumbo`",
            .example = "name = \"feed-a\"",
            .meaning = "Label in metrics and logs. Without it: the device's name."},
    KeySpec{
        .section = "port",
        .key = "udp_ports",
        .type = kIntegers,
        .required = true,
        .min = 1,
        .max = 65'535,
        .min_items = 1,
        .max_items = 64,
        .rule = "unique",
        .example = "udp_ports = [9001]",
        .meaning = "Destination ports that carry events; datagrams to others are `wrong_port`."},
    KeySpec{.section = "port",
            .key = "checksum",
            .type = kChoice,
            .default_text = "\"verify\"",
            .choices = kChecksumNames,
            .example = "checksum = \"nic\"",
            .meaning = "`verify`: taken as right where the NIC says so, else computed in software. "
                       "`nic`: the NIC's verdict only. `off`: not looked at."},
    KeySpec{.section = "port",
            .key = "rx_queues",
            .type = kInteger,
            .default_text = "1",
            .min = 1,
            .max = 64,
            .example = "rx_queues = 2",
            .meaning =
                "Receive queues; flows are spread over them by RSS. All ports together need at "
                "least as many as `lcores.rx` has CPUs."},
    KeySpec{.section = "port",
            .key = "rx_descriptors",
            .type = kInteger,
            .default_text = "0",
            .min = 64,
            .max = 32'768,
            .zero_too = true,
            .example = "rx_descriptors = 4096",
            .meaning = "Descriptors of each receive queue. 0: the driver's default."},
    KeySpec{.section = "port",
            .key = "pool_mbufs",
            .type = kInteger,
            .default_text = "0",
            .min = 256,
            .max = 4 * kMi,
            .zero_too = true,
            .example = "pool_mbufs = 131072",
            .meaning = "Buffers of the port's pool. 0: the sum of all who may hold one."},
    KeySpec{.section = "port",
            .key = "mbuf_data_bytes",
            .type = kInteger,
            .default_text = "0",
            .min = 256,
            .max = 65'407,
            .zero_too = true,
            .example = "mbuf_data_bytes = 9216",
            .meaning = "Data room of a buffer without its headroom. 0: 2048."},
    KeySpec{.section = "port",
            .key = "mtu",
            .type = kInteger,
            .default_text = "0",
            .min = 68,
            .max = 65'535,
            .zero_too = true,
            .example = "mtu = 9000",
            .meaning = "MTU to set on the device. 0: leave it as it is."},
    KeySpec{.section = "port",
            .key = "promiscuous",
            .type = kBoolean,
            .default_text = "true",
            .example = "promiscuous = false",
            .meaning = "Receive frames that are addressed to others too."},
    KeySpec{.section = "port",
            .key = "lossless",
            .type = kChoiceOrBoolean,
            .default_text = "\"auto\"",
            .choices = kAutoName,
            .example = "lossless = true",
            .meaning =
                "The device keeps its packets while it is not polled, so that polling may be "
                "put off while rings are full. `auto`: true for trace files, memif, ring and "
                "null, else false."},
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
            .type = kInteger,
            .required = true,
            .min = 0,
            .max = kMaxCpu,
            .example = "dispatch = 1",
            .meaning = "CPU of the dispatcher."},
    KeySpec{.section = "lcores",
            .key = "workers",
            .type = kIntegers,
            .required = true,
            .min = 0,
            .max = kMaxCpu,
            .min_items = 1,
            .max_items = 128,
            .rule = "may repeat; all on the dispatcher's NUMA node",
            .example = "workers = [1, 1]",
            .meaning = "CPU of each worker. A number that stands twice folds two workers onto one "
                       "lcore."},
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
            .key = "burst",
            .type = kInteger,
            .default_text = "64",
            .min = 8,
            .max = 64,
            .power_of_two = true,
            .example = "burst = 32",
            .meaning = "Most packets or events that a role takes at once."},
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
    KeySpec{.section = "shutdown",
            .key = "drain_timeout_ms",
            .type = kInteger,
            .default_text = "5000",
            .min = 100,
            .max = 600'000,
            .example = "drain_timeout_ms = 30000",
            .meaning = "Time for what is in flight after SIGTERM; what is left then is dropped as "
                       "`drained_at_deadline`."},
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
    KeySpec{.section = "control",
            .key = "socket",
            .type = kString,
            .min = 1,
            .max = 107,
            .example = "socket = \"/run/escd/demo/control.sock\"",
            .meaning = "Path of the control socket. Without it: made from `instance`."},
    KeySpec{.section = "route",
            .key = "topic",
            .type = kString,
            .required = true,
            .min = 1,
            .max = 255,
            .rule =
                "at most `limits.max_topic_bytes`; no control characters; not under `$esc/`; no "
                "`+` or `#` (wildcards are not supported yet); unique",
            .example = "topic = \"sensor/7/temp\"",
            .meaning = "The exact topic that this route takes."},
    KeySpec{.section = "route",
            .key = "handler",
            .type = kString,
            .required = true,
            .min = 1,
            .max = 64,
            .rule = "the name of a handler that escd has",
            .example = "handler = \"count\"",
            .meaning =
                "What a worker does with the event: `count` counts events and bytes per topic, "
                "`null` accepts, `fail` refuses (for tests)."},
    KeySpec{.section = "route",
            .key = "spread",
            .type = kChoice,
            .default_text = "\"by-topic\"",
            .choices = kSpreadNames,
            .example = "spread = \"round-robin\"",
            .meaning =
                "Which worker gets the event. `by-topic` and `by-producer` keep the order of "
                "each; `worker` names one."},
    KeySpec{
        .section = "route",
        .key = "worker",
        .type = kInteger,
        .min = 0,
        .max = 127,
        .rule = "an index in `lcores.workers`; with `spread = \"worker\"` only, and there required",
        .example = "worker = 0",
        .meaning = "The worker that gets every event of this route."},
};

template <std::size_t N, std::size_t M>
constexpr std::array<KeySpec, N + M> joined(const std::array<KeySpec, N>& first,
                                            const std::array<KeySpec, M>& second) {
  std::array<KeySpec, N + M> all{};
  std::ranges::copy(first, all.begin());
  std::ranges::copy(second, all.begin() + N);
  return all;
}

constexpr std::array kKeys = joined(kMostKeys, kPressureKeys);

}  // namespace

std::span<const KeySpec> all_keys() noexcept {
  return kKeys;
}
std::span<const SectionSpec> all_sections() noexcept {
  return kSections;
}

const KeySpec* find_key(std::string_view section, std::string_view key) noexcept {
  const auto* const found = std::ranges::find_if(
      kKeys, [&](const KeySpec& spec) { return spec.section == section && spec.key == key; });
  return found == kKeys.end() ? nullptr : found;
}

const SectionSpec* find_section(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(kSections, name, &SectionSpec::name);
  return found == kSections.end() ? nullptr : found;
}

}  // namespace esc::config
