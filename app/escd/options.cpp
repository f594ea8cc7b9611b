// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/options.hpp"

#include <string>

#include "app/escd/exit_codes.hpp"
#include "app/escd/version.hpp"
#include "cli/options.hpp"

namespace esc::app {
namespace {

// "--" and what follows it are for EAL; CLI11 never sees them.
std::vector<std::string> split_eal_args(int& argc, char** argv) {
  std::vector<std::string> eal;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) != "--") continue;
    eal.assign(argv + i + 1, argv + argc);
    argc = i;
    break;
  }
  return eal;
}

}  // namespace

std::variant<Options, int> parse_options(int argc, char** argv, cli::StandardOutput& out) {
  Options options;
  options.eal_args = split_eal_args(argc, argv);
  CLI::App app(
      "EventStreamCore: event frames from network ports to handlers, every one accounted for",
      "escd");
  app.footer("What follows \"--\" is passed to EAL.\n" + cli::text_of(kExitCodeMeanings));
  app.set_version_flag("--version", kVersion);
  cli::add_text(app, "--config", options.config_file, "Configuration file (TOML)")
      ->required()
      ->type_name("FILE");
  cli::add_texts(app, "--set", options.set, "Override a key of the file: lcores.idle=busy")
      ->type_name("KEY=VALUE");
  app.add_flag("--check", options.check,
               "Validate the file and the machine without starting; print what to do");
  app.add_flag("--print-plan", options.print_plan, "Print which role runs on which CPU, and exit");
  cli::add_number(app, "--run-for", options.run_for_s, "Drain and exit after so many seconds",
                  cli::kSeconds)
      ->type_name("SECONDS");
  cli::add_number(app, "--exit-when-idle", options.exit_when_idle_s,
                  "Drain and exit when no packet came for so many seconds", cli::kSeconds)
      ->type_name("SECONDS");
  cli::add_text(app, "--ledger", options.ledger_file, "Write the ledger (JSON) there at exit")
      ->type_name("FILE");
  app.add_flag("--progress", options.progress,
               "Print a line of figures a second, and a summary at exit");
  switch (cli::parse(app, argc, argv, out)) {
    case cli::Parsed::kGoOn:
      return options;
    case cli::Parsed::kDone:
      return static_cast<int>(kExitOk);
    case cli::Parsed::kUsage:
      break;
  }
  return static_cast<int>(kExitUsage);
}

}  // namespace esc::app
