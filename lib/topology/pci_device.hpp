// SPDX-License-Identifier: BSD-3-Clause
// Whether a PCI network device can be taken over by DPDK, as the machine is now.
#pragma once

#include <optional>
#include <string>

#include "topology/sys_root.hpp"

namespace esc::topology {

struct PciProblem {
  std::string what;
  std::string fix;
  bool in_use = false;  ///< true: another process has it, and nothing else is wrong
};

/// `address`: "0000:01:00.0". nullopt: DPDK can take it over, as far as can be told without
/// starting DPDK. Looks at the device, its driver and its IOMMU group, and tries to open the group,
/// since VFIO gives it to one process only.
[[nodiscard]] std::optional<PciProblem> pci_problem(const SysRoot& root,
                                                    const std::string& address);

}  // namespace esc::topology
