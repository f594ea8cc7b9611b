// SPDX-License-Identifier: BSD-3-Clause
// Reads [pressure]. Internal to lib/config.
#pragma once

#include "config/pressure.hpp"
#include "config/reader.hpp"

namespace esc::config {

/// Overwrites in `out` what the file sets, and reports what does not fit together: thresholds that
/// do not rise over the levels, a leave threshold that is not below its enter threshold.
void read_pressure(Reader& reader, PressureConfig& out);

}  // namespace esc::config
