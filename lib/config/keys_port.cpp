// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: [[port]].
#include <array>
#include <string_view>

#include "config/rows.hpp"

namespace esc::config {
namespace {

using namespace std::string_view_literals;

constexpr std::array kChecksumNames = {"verify"sv, "nic"sv, "off"sv};
constexpr std::array kRestampNames = {"off"sv, "sessions"sv, "payload-ids"sv};
constexpr std::array kAutoName = {"auto"sv};

constexpr std::array kPortRows = {
    key<&PortConfig::device>(
        {.key = "device",
         .required = true,
         .min = 1,
         .max = 1'024,
         .rule = "a PCI address or a virtual device (`net_...`); each only once",
         .example = "device = \"net_pcap0,rx_pcap=trace.pcap\"",
         .meaning = "The port, as DPDK names it: `0000:01:00.0`, or a virtual device with its "
                    "arguments. Files in it are relative to the working directory."}),
    key<&PortConfig::name>(
        {.key = "name",
         .min = 1,
         .max = 64,
         .rule = "letters, digits, `_`, `-`, `.` and `:`; unique, not `jumbo` or `tcp`",
         .example = "name = \"feed-a\"",
         .meaning = "Label in metrics and logs. Without it: the device's name."}),
    key<&PortConfig::udp_ports>(
        {.key = "udp_ports",
         .required = true,
         .min = 1,
         .max = 65'535,
         .min_items = 1,
         .max_items = 64,
         .rule = "unique",
         .example = "udp_ports = [9001]",
         .meaning = "Destination ports that carry events; datagrams to others are `wrong_port`."}),
    key<&PortConfig::checksum>(
        {.key = "checksum",
         .choices = kChecksumNames,
         .example = "checksum = \"nic\"",
         .meaning = "`verify`: a checksum that the NIC calls right is right; any other is "
                    "verified in software. `nic`: only the NIC's verdict counts. `off`: "
                    "checksums are not looked at."}),
    key<&PortConfig::rx_queues>(
        {.key = "rx_queues",
         .min = 1,
         .max = 64,
         .example = "rx_queues = 2",
         .meaning =
             "Receive queues; RSS spreads flows over them. If a virtual device's arguments set "
             "a number of queues too (`qpairs`, `queue_count`, several `rx_pcap`), it must be "
             "the same number. All ports together need at least as many queues as `lcores.rx` "
             "has CPUs."}),
    key<&PortConfig::rx_descriptors>(
        {.key = "rx_descriptors",
         .min = 64,
         .max = 32'768,
         .zero_too = true,
         .example = "rx_descriptors = 4096",
         .meaning = "Descriptors of each receive queue. 0: the driver's default."}),
    key<&PortConfig::pool_mbufs>(
        {.key = "pool_mbufs",
         .min = 256,
         .max = 4 * kMi,
         .zero_too = true,
         .example = "pool_mbufs = 131072",
         .meaning = "Buffers in the port's pool. 0: as many as descriptors, rings, stages, "
                    "caches and driver can hold together."}),
    key<&PortConfig::mbuf_data_bytes>(
        {.key = "mbuf_data_bytes",
         .min = 256,
         .max = 65'407,
         .zero_too = true,
         .example = "mbuf_data_bytes = 9216",
         .meaning = "Data room of a buffer without its headroom. 0: 2048."}),
    key<&PortConfig::mtu>({.key = "mtu",
                           .min = 68,
                           .max = 65'535,
                           .zero_too = true,
                           .example = "mtu = 9000",
                           .meaning = "MTU to set on the device. 0: leave it as it is."}),
    key<&PortConfig::promiscuous>({.key = "promiscuous",
                                   .example = "promiscuous = false",
                                   .meaning = "Whether the port also receives Ethernet frames "
                                              "that are addressed to others."}),
    key<&PortConfig::lossless_setting>(
        {.key = "lossless",
         .type = KeyType::kChoiceOrBoolean,
         .choices = kAutoName,
         .example = "lossless = true",
         .meaning = "Whether the device keeps its packets while it is not polled. If so, escd "
                    "may put off polling it while rings are full. `auto`: true for trace files, "
                    "memif, ring and null, else false."}),
    key<&PortConfig::restamp>(
        {.key = "restamp",
         .choices = kRestampNames,
         .rule = "other than `off` only with `net_pcap` and `infinite_rx=1`",
         .example = "restamp = \"sessions\"",
         .meaning = "For measurements: what escd changes in an endless trace on each pass, so "
                    "that no event is repeated. `sessions`: the numbers in session frames move "
                    "on. `payload-ids`: the first 8 bytes of each payload become a new number."}),
};
constexpr auto kPortKeys = rows_of("port", kPortRows);

}  // namespace

constinit const SectionSpec kPortSection = section<&Config::ports>(
    {.is_array = true,
     .max_count = 32,
     .meaning =
         "One for each port that escd owns; at most 32. An appliance with a `[[tcp]]` needs none.",
     .load = load_ports},
    kPortKeys);

}  // namespace esc::config
