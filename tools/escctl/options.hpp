// SPDX-License-Identifier: BSD-3-Clause
// The command line.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>

#include "cli/standard_output.hpp"
#include "escctl/exit_code.hpp"

namespace esc::ctl {

struct Options {
  std::string instance;
  std::string socket_path;
  bool json = false;
  std::string command;
  nlohmann::ordered_json arguments = nlohmann::ordered_json::object();  ///< of the command
  std::optional<double> watch_s;  ///< stats --watch: seconds between two lines
};

/// Help, the version or a message was printed: the program ends with this code.
struct Done {
  ExitCode code;
};

[[nodiscard]] std::variant<Options, Done> parse_options(int argc, const char* const* argv,
                                                        cli::StandardOutput& out);

}  // namespace esc::ctl
