// SPDX-License-Identifier: BSD-3-Clause
// Device strings: "0000:01:00.0", "net_pcap0,rx_pcap=trace.pcap".
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.hpp"

namespace esc::config {

/// The device, or the reason why the text names none (with an empty `where`).
[[nodiscard]] std::variant<Device, Problem> parse_device(std::string_view text);

/// The name of a DPDK 22.11 driver for which `driver` is perhaps a misspelling; nullopt if the
/// driver is known or no name is similar.
[[nodiscard]] std::optional<std::string_view> likely_driver(std::string_view driver);

/// The driver's name without its prefix, which is "net_" or, in the old spelling, "eth_". Empty for
/// a PCI device.
[[nodiscard]] std::string_view driver_family(const Device& device);

/// The kernel's interfaces that a virtual device receives from, as far as its arguments name them.
[[nodiscard]] std::vector<std::string> interfaces(const Device& device);

/// The files in the `rx_pcap=` arguments of a net_pcap device, in the order of its queues.
[[nodiscard]] std::vector<std::string> traces(const Device& device);

/// Whether it is net_pcap with infinite_rx=1, which repeats its traces without end.
[[nodiscard]] bool endless(const Device& device);

}  // namespace esc::config
