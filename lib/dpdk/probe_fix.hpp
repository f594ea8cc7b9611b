// What to do about a device that cannot be opened, as far as that can be told.
#pragma once

#include <string>

namespace esc::dpdk {

struct PortSettings;

/// Looks at the machine as it is now. Never throws.
[[nodiscard]] std::string probe_fix(const PortSettings& settings);

/// Value of `key` in "name,key=value,..."; empty without it.
[[nodiscard]] std::string device_argument(const std::string& device, const std::string& key);

}  // namespace esc::dpdk
