// Device strings: "0000:01:00.0", "net_pcap0,rx_pcap=trace.pcap".
#pragma once

#include <string_view>
#include <variant>

#include "config/config.hpp"

namespace esc::config {

/// The device, or why the text is none (with an empty `where`).
[[nodiscard]] std::variant<Device, Problem> parse_device(std::string_view text);

/// A driver name that DPDK 22.11 has and `driver` was perhaps meant to be; nullopt when the driver
/// is known or nothing is near.
[[nodiscard]] std::optional<std::string_view> likely_driver(std::string_view driver);

}  // namespace esc::config
