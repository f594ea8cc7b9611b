// SPDX-License-Identifier: BSD-3-Clause
// The file into which --ledger writes the ledger of the run.
#pragma once

#include <optional>
#include <string>

#include "topology/problem.hpp"

namespace esc::app {

/// Why nothing could be written there at exit; found out before the run, not after it.
[[nodiscard]] std::optional<topology::Problem> unfit_ledger_file(const std::string& file);

/// A regular file is replaced whole or not at all: a reader never sees half a ledger. A device, a
/// FIFO or a socket is written to where it is, and waited for no longer than a second. Throws.
void write_ledger_file(const std::string& file, const std::string& text);

}  // namespace esc::app
