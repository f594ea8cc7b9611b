// SPDX-License-Identifier: BSD-3-Clause
// The appliance as the headers of the program need it: by name. Sources that use one include
// appliance_names.hpp.
#pragma once

namespace esc::appliance {
class Appliance;
class WorkerNode;
}  // namespace esc::appliance

namespace esc::app {
using appliance::Appliance;
using appliance::WorkerNode;
}  // namespace esc::app
