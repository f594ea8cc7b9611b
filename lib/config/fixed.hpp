// SPDX-License-Identifier: BSD-3-Clause
// Finds changes of a configuration that are not possible while escd runs.
#pragma once

#include <vector>

#include "config/config.hpp"

namespace esc::config {

/// Returns a problem for each key that is fixed at the start and differs between `now` and `next`,
/// with the key's place in the new file. A key that is no longer in the file has the place of its
/// table, or of the file.
[[nodiscard]] std::vector<Problem> check_fixed(const Config& now, const Config& next);

}  // namespace esc::config
