// SPDX-License-Identifier: BSD-3-Clause
// Device strings: "0000:01:00.0", "net_pcap0,rx_pcap=trace.pcap".
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.hpp"

namespace esc::config {

/// The device, or why the text is none (with an empty `where`).
[[nodiscard]] std::variant<Device, Problem> parse_device(std::string_view text);

/// A driver name that DPDK 22.11 has and `driver` was perhaps meant to be; nullopt when the driver
/// is known or nothing is near.
[[nodiscard]] std::optional<std::string_view> likely_driver(std::string_view driver);

/// The driver without its prefix: "net_" and its old spelling "eth_" name the same ones. Empty:
/// PCI.
[[nodiscard]] std::string_view driver_family(const Device& device);

/// The kernel's interfaces that a virtual device receives from, as far as its arguments name them.
[[nodiscard]] std::vector<std::string> interfaces(const Device& device);

/// The files of `rx_pcap=` of a net_pcap device: of the first queue, the second and so on.
[[nodiscard]] std::vector<std::string> traces(const Device& device);

/// net_pcap with infinite_rx=1: its traces begin anew when they end.
[[nodiscard]] bool endless(const Device& device);

}  // namespace esc::config
