// What of a configuration cannot change while escd runs.
#pragma once

#include <vector>

#include "config/config.hpp"

namespace esc::config {

/// Where `next` differs from `now` in what is fixed at the start: a problem for each section, with
/// its place in the new file. A section that is not in the new file any more has the file's.
[[nodiscard]] std::vector<Problem> check_fixed(const Config& now, const Config& next);

}  // namespace esc::config
