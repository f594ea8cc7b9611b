// SPDX-License-Identifier: BSD-3-Clause
// The command line.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "cli/standard_output.hpp"
#include "esc-dlq/exit_code.hpp"
#include "esc-dlq/filter.hpp"
#include "esc-dlq/format.hpp"
#include "esc-dlq/purge.hpp"
#include "esc-dlq/replay.hpp"

namespace esc::dlq_tool {

struct Options {
  std::string command;
  std::string folder;
  bool json = false;
  Filter filter;            ///< of stats, cat and replay
  Form form = Form::kText;  ///< of cat
  std::uint64_t limit = 0;  ///< of cat; 0: all
  std::size_t top = 20;     ///< of stats
  PurgeOptions purge;
  ReplayOptions replay;
};

/// The options, or the exit code: after --help, --version, or a wrong command line, whose message
/// was printed.
[[nodiscard]] std::variant<Options, ExitCode> parse_options(int argc, const char* const* argv,
                                                            cli::StandardOutput& out);

}  // namespace esc::dlq_tool
