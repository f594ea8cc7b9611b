#include "esc-dlq/options.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <string_view>

#include "base/reasons.hpp"
#include "config/text.hpp"
#include "config/topic_pattern.hpp"
#include "esc-dlq/version.hpp"

namespace esc::dlq_tool {
namespace {

std::uint64_t now_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

std::string exit_codes() {
  std::string text = "Exit codes:\n";
  for (std::size_t code = 0; code < kExitCodeMeanings.size(); ++code)
    text += "  " + std::to_string(code) + "  " + std::string(kExitCodeMeanings[code]) + "\n";
  return text;
}

void add_time(CLI::App& command, const char* name, std::uint64_t& time, const char* help) {
  command
      .add_option_function<std::string>(
          name,
          [&time, name](const std::string& text) {
            const auto parsed = parse_time(text, now_ns());
            if (!parsed) {
              throw CLI::ValidationError(
                  name, "is a time as 2026-11-26T12:00:00Z, or how long ago as 90s, 15m, 2h, 7d");
            }
            time = *parsed;
          },
          help)
      ->type_name("TIME");
}

void add_filter(CLI::App& command, Filter& filter) {
  std::vector<std::string> reasons(kDeadReasonNames.begin() + 1, kDeadReasonNames.end());
  command.add_option("--reason", filter.reasons, "only what died for one of these")
      ->type_name("REASON")
      ->delimiter(',')
      ->check(CLI::IsMember(reasons));
  command
      .add_option_function<std::string>(
          "--topic",
          [&filter](const std::string& pattern) {
            if (const auto problem = config::pattern_problem(pattern))
              throw CLI::ValidationError("--topic", problem->what);
            filter.topic = pattern;
          },
          "only topics of this pattern: '+' is any one level, a last '#' any number")
      ->type_name("PATTERN");
  command
      .add_option_function<std::uint64_t>(
          "--producer", [&filter](std::uint64_t producer) { filter.producer = producer; },
          "only numbered events of this producer")
      ->type_name("PRODUCER");
  add_time(command, "--since", filter.since_ns, "only what died then or later");
  add_time(command, "--until", filter.until_ns, "only what died before");
}

void add_purge(CLI::App& command, PurgeOptions& purge) {
  CLI::Option_group& which = *command.add_option_group("which");
  which.add_flag("--all", purge.all, "every segment, damaged ones and spare files too");
  add_time(which, "--until", purge.until_ns, "those in which every letter died before");
  which.require_option(1);
  command.add_flag("--dry-run", purge.dry_run, "only say which");
}

CLI::App* add_command(CLI::App& app, Options& options, const std::string& name,
                      const std::string& help) {
  CLI::App* command = app.add_subcommand(name, help);
  command->callback([&options, name] { options.command = name; });
  command->add_option("FOLDER", options.folder, "where the dead letters are")->required();
  return command;
}

void add_commands(CLI::App& app, Options& options) {
  CLI::App* ls = add_command(app, options, "ls", "the segments, and what is in each");
  CLI::App* stats = add_command(app, options, "stats", "how many, by reason, topic, source, hour");
  CLI::App* cat = add_command(app, options, "cat", "the dead letters, oldest first");
  CLI::App* verify = add_command(app, options, "verify", "whether all that was kept is sound");
  CLI::App* purge =
      add_command(app, options, "purge", "removes segments; no appliance may run on them");
  add_purge(*purge, options.purge);
  for (CLI::App* command : {ls, stats, verify, purge})
    command->add_flag("--json", options.json, "the result as JSON");
  for (CLI::App* command : {stats, cat}) add_filter(*command, options.filter);
  stats->add_option("--top", options.top, "lines of each kind")->check(CLI::Range(1, 100'000));
  cat->add_option("--limit", options.limit, "no more than so many")->check(CLI::PositiveNumber);
  auto* json = cat->add_flag_callback(
      "--json", [&options] { options.form = Form::kJson; }, "one JSON object a line");
  cat->add_flag_callback(
         "--hex", [&options] { options.form = Form::kHex; }, "each with its frame in hex")
      ->excludes(json);
  app.require_subcommand(1);
}

}  // namespace

std::variant<Options, ExitCode> parse_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app("Reads the dead letters that an appliance keeps, and removes them.", "esc-dlq");
  app.set_version_flag("--version", kVersion);
  app.footer(exit_codes());
  add_commands(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error) == 0 ? ExitCode::kOk : ExitCode::kUsage;
    // CLI11 repeats the arguments, which may hold anything.
    std::cerr << "esc-dlq: " << config::printable(error.what()) << "\n  fix: see esc-dlq --help\n";
    return ExitCode::kUsage;
  }
  return options;
}

}  // namespace esc::dlq_tool
