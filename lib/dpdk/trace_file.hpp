// The trace files of net_pcap, as the driver reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace esc::dpdk {

/// The files of `rx_pcap=` in the device's arguments: of the first queue, the second and so on.
[[nodiscard]] std::vector<std::string> trace_files(const std::string& device);

/// Hands on every packet of a trace, in order; false if it cannot be opened.
bool read_trace(const std::string& path,
                const std::function<void(std::span<const std::uint8_t>)>& each);

}  // namespace esc::dpdk
