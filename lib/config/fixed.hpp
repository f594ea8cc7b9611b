// SPDX-License-Identifier: BSD-3-Clause
// What of a configuration cannot change while escd runs.
#pragma once

#include <vector>

#include "config/config.hpp"

namespace esc::config {

/// Where `next` differs from `now` in what is fixed at the start: a problem for each key, with its
/// place in the new file. One that is not there any more has its table's place, or the file's.
[[nodiscard]] std::vector<Problem> check_fixed(const Config& now, const Config& next);

}  // namespace esc::config
