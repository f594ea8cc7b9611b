// SPDX-License-Identifier: BSD-3-Clause
#include "escctl/options.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>

#include "cli/options.hpp"
#include "control/commands.hpp"
#include "escctl/version.hpp"

namespace esc::ctl {
namespace {

constexpr RealRange kWatch = {.min = 0.05, .max = 3600};  // seconds

WholeRange range_of(const control::AnswerSize& size) {
  return {.min = size.least, .max = size.most};
}
std::string usually(const control::AnswerSize& size, const std::string& which = {}) {
  return " (" + which + std::to_string(size.usual) + " if left out)";
}

/// For a command that shows the first of many.
void add_order(CLI::App& command, Options& options, const control::AnswerSize& size,
               std::span<const std::string_view> orders) {
  cli::add_whole(
      command, "--top", [&options](std::uint64_t count) { options.arguments["top"] = count; },
      "how many" + usually(size), range_of(size))
      ->type_name("COUNT");
  cli::add_choice(command, "--by",
                  [&options](const std::string& order) { options.arguments["by"] = order; },
                  "which first (" + std::string(orders.front()) + " if left out)",
                  {orders.begin(), orders.end()});
}

void add_producers(CLI::App& command, Options& options) {
  add_order(command, options, control::kProducersSize, control::kProducerOrders);
  cli::add_whole(
      command, "--id", [&options](std::uint64_t id) { options.arguments["id"] = id; },
      "this one only")
      ->type_name("PRODUCER");
}

void add_routes(CLI::App& command, Options& options) {
  cli::add_text(
      command, "--diff",
      [&options](const std::string& file) {
        options.arguments["diff"] = std::filesystem::absolute(file).native();
      },
      "what a reload of this file would change, instead")
      ->type_name("FILE");
}

void add_metrics(CLI::App& command, Options& options) {
  cli::add_whole(
      command, "--topics", [&options](std::uint64_t count) { options.arguments["topics"] = count; },
      "of how many routes" + usually(control::kMetricTopicsSize, "the first "),
      range_of(control::kMetricTopicsSize))
      ->type_name("COUNT");
}

void add_stats(CLI::App& command, Options& options) {
  cli::add_number(command, "--watch", options.watch_s,
                  "rates instead of totals, a line every SECONDS (1 if left out) until SIGINT",
                  kWatch)
      ->expected(0, 1)
      ->default_str("1")
      ->type_name("SECONDS");
}

void add_commands(CLI::App& app, Options& options) {
  // Options may follow the command too; subcommands inherit this when they are made.
  app.fallthrough();
  for (const Named<control::Command>& row : control::kCommandRows) {
    CLI::App* command = app.add_subcommand(std::string(row.name), std::string(row.help));
    command->callback([&options, name = row.name] { options.command = name; });
    if (row.value == control::Command::kMetrics) add_metrics(*command, options);
    if (row.value == control::Command::kProducers) add_producers(*command, options);
    if (row.value == control::Command::kConnections) {
      add_order(*command, options, control::kConnectionsSize, control::kConnectionOrders);
    }
    if (row.value == control::Command::kRoutes) add_routes(*command, options);
    if (row.value == control::Command::kStats) add_stats(*command, options);
  }
  app.require_subcommand(1);
}

}  // namespace

std::variant<Options, Done> parse_options(int argc, const char* const* argv,
                                          cli::StandardOutput& out) {
  Options options;
  CLI::App app("Asks a running escd over its control socket.", "escctl");
  auto* instance = cli::add_text(app, "--instance", options.instance,
                                 "name of the escd meant; may be left out if only one runs")
                       ->type_name("NAME");
  cli::add_text(app, "--socket", options.socket_path, "its control socket")
      ->type_name("PATH")
      ->excludes(instance);
  app.add_flag("--json", options.json,
               "the result as JSON; with --watch one line for each sample of the totals");
  app.set_version_flag("--version", kVersion);
  app.footer(cli::text_of(kExitCodeMeanings));
  add_commands(app, options);
  switch (cli::parse(app, argc, argv, out)) {
    case cli::Parsed::kGoOn:
      return options;
    case cli::Parsed::kDone:
      return Done{ExitCode::kOk};
    case cli::Parsed::kUsage:
      break;
  }
  return Done{ExitCode::kUsage};
}

}  // namespace esc::ctl
