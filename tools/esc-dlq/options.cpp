// SPDX-License-Identifier: BSD-3-Clause
#include "esc-dlq/options.hpp"

#include <string_view>

#include "base/reasons.hpp"
#include "cli/options.hpp"
#include "config/topic_pattern.hpp"
#include "esc-dlq/version.hpp"
#include "wire/frame.hpp"
#include "wire/sender.hpp"

namespace esc::dlq_tool {
namespace {

using cli::add_choices;
using cli::add_number;
using cli::add_text;

constexpr WholeRange kSome = {.min = 1, .max = UINT64_MAX};

void add_time(CLI::App& command, const char* name, std::uint64_t& time, const char* help,
              std::string* as_given = nullptr) {
  const auto take = [&time, name, as_given](const std::string& text) {
    const auto parsed = parse_time(text, unix_now_ns());
    if (!parsed) {
      throw CLI::ValidationError(
          name, "is a time as 2026-11-26T12:00:00Z, or how long ago as 90s, 15m, 2h, 7d");
    }
    time = *parsed;
    if (as_given != nullptr) *as_given = text;
  };
  add_text(command, name, take, help)->type_name("TIME");
}

void add_filter(CLI::App& command, Filter& filter) {
  add_choices(command, "--reason", filter.reasons, "only what died for one of these",
              {kDeadReasonNames.begin() + 1, kDeadReasonNames.end()});
  const auto take_topic = [&filter](const std::string& pattern) {
    if (const auto problem = config::pattern_problem(pattern))
      throw CLI::ValidationError("--topic", problem->what);
    filter.topic = pattern;
  };
  add_text(command, "--topic", take_topic,
           "only topics of this pattern: '+' is any one level, a last '#' any number")
      ->type_name("PATTERN");
  add_number(command, "--producer", filter.producer, "only numbered events of this producer");
  add_time(command, "--since", filter.since_ns, "only what died then or later", &filter.since_text);
  add_time(command, "--until", filter.until_ns, "only what died before", &filter.until_text);
}

void add_purge(CLI::App& command, PurgeOptions& purge) {
  CLI::Option_group& which = *command.add_option_group("which");
  which.add_flag("--all", purge.all, "every segment, damaged ones and spare files too");
  add_time(which, "--until", purge.until_ns, "those in which every letter died before");
  which.require_option(1);
  command.add_flag("--dry-run", purge.dry_run, "only say which");
}

void add_replay(CLI::App& command, ReplayOptions& replay) {
  CLI::Option_group& where = *command.add_option_group("where to");
  add_text(where, "--udp", replay.udp, "kernel UDP")->type_name("HOST:PORT");
  add_text(where, "--tcp", replay.tcp, "kernel TCP")->type_name("HOST:PORT");
  where.add_flag("--dry-run", replay.dry_run, "only say how many");
  where.require_option(1);
  add_text(command, "--confirm", replay.confirm,
           "count what arrived with the appliance of that name on this machine, and send again "
           "what did not; or the path of its control socket")
      ->type_name("INSTANCE");
  add_number(command, "--rate", replay.rate, "letters a second; 0: as fast as the way takes them",
             {0, 1e9});
  add_number(command, "--max-replays", replay.max_replays,
             "leave those that were replayed as often", {1, wire::kMaxReplayCount});
  add_number(command, "--limit", replay.limit, "no more than so many", kSome);
  add_text(command, "--cursor", replay.cursor,
           "the file that says how far this selection has come; without it: one in FOLDER")
      ->type_name("FILE");
  command.add_flag("--despite-refusals", replay.despite_refusals,
                   "with --udp: go on though somebody says that nobody listens there");
  command.add_flag("--restart", replay.restart, "from the beginning, whatever the cursor says");
  add_number(command, "--datagram-bytes", replay.datagram_bytes,
             "UDP payload that several letters share at most", {64, wire::kMaxDatagramBytes});
}

CLI::App* add_command(CLI::App& app, Options& options, const std::string& name,
                      const std::string& help) {
  CLI::App* command = app.add_subcommand(name, help);
  command->callback([&options, name] { options.command = name; });
  add_text(*command, "FOLDER", options.folder, "where the dead letters are")->required();
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
  CLI::App* replay =
      add_command(app, options, "replay", "sends dead letters to an appliance again");
  add_replay(*replay, options.replay);
  for (CLI::App* command : {ls, stats, verify, purge, replay})
    command->add_flag("--json", options.json, "the result as JSON");
  for (CLI::App* command : {stats, cat, replay}) add_filter(*command, options.filter);
  add_number(*stats, "--top", options.top, "lines of each kind", {1, 100'000});
  add_number(*cat, "--limit", options.limit, "no more than so many", kSome);
  auto* json = cat->add_flag_callback(
      "--json", [&options] { options.form = Form::kJson; }, "one JSON object a line");
  auto* hex = cat->add_flag_callback(
      "--hex", [&options] { options.form = Form::kHex; }, "each with its frame in hex");
  auto* pcap = cat->add_flag_callback(
      "--pcap", [&options] { options.form = Form::kPcap; }, "a capture of packets that hold them");
  hex->excludes(json)->excludes(pcap);
  pcap->excludes(json);
  app.require_subcommand(1);
}

}  // namespace

std::variant<Options, ExitCode> parse_options(int argc, const char* const* argv,
                                              cli::StandardOutput& out) {
  Options options;
  CLI::App app(
      "Reads the dead letters that an appliance keeps, sends them again, and removes them.",
      "esc-dlq");
  app.set_version_flag("--version", kVersion);
  app.footer(cli::text_of(kExitCodeMeanings));
  add_commands(app, options);
  switch (cli::parse(app, argc, argv, out)) {
    case cli::Parsed::kGoOn:
      return options;
    case cli::Parsed::kDone:
      return ExitCode::kOk;
    case cli::Parsed::kUsage:
      break;
  }
  return ExitCode::kUsage;
}

}  // namespace esc::dlq_tool
