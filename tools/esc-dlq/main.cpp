// SPDX-License-Identifier: BSD-3-Clause
// esc-dlq: reads the dead letters that an appliance keeps, while it runs or after, sends them
// again, and removes old ones.
#include <filesystem>
#include <iostream>
#include <new>
#include <optional>
#include <span>
#include <string_view>

#include "base/file_size_limit.hpp"
#include "cli/standard_output.hpp"
#include "config/text.hpp"
#include "dlq/folder.hpp"
#include "esc-dlq/options.hpp"
#include "esc-dlq/pcap_form.hpp"
#include "esc-dlq/print.hpp"
#include "esc-dlq/progress.hpp"
#include "esc-dlq/purge.hpp"
#include "esc-dlq/replay.hpp"
#include "esc-dlq/replay_error.hpp"
#include "esc-dlq/segments.hpp"
#include "esc-dlq/statistics.hpp"

namespace esc::dlq_tool {
namespace {

constexpr std::size_t kMaxMessageBytes = 1024;

ExitCode run(const Options& options, cli::StandardOutput& standard_output) {
  std::ostream& out = standard_output.stream();
  const dlq::Folder folder(options.folder);
  bool sound = true;
  bool all_sent = true;
  Missing missing;
  if (options.command == "cat") {
    if (options.form == Form::kPcap) out << pcap_head();
    // On a terminal the letters themselves show how far it is.
    std::optional<Progress> progress;
    if (!cli::StandardOutput::is_terminal()) progress.emplace("reading", folder.bytes());
    const auto on_read = [&](std::uint64_t bytes) {
      if (progress) progress->add(bytes);
    };
    missing = print_letters(out, folder, options.filter, options.form, options.limit, on_read);
  } else if (options.command == "stats") {
    Statistics statistics;
    {
      Progress progress("reading", folder.bytes());
      statistics = gather(folder, options.filter, [&](std::uint64_t n) { progress.add(n); });
    }
    print_statistics(out, statistics, options.top, options.json);
    missing = statistics.missing();
  } else if (options.command == "replay") {
    const ReplayResult result = replay(options.folder, options.filter, options.replay);
    print_replay(out, result, options.replay.dry_run, options.json);
    missing = {.unreadable = result.unreadable, .damaged = result.damaged};
    sound = result.no_frame == 0;
    all_sent = result.too_long + result.not_taken == 0;
  } else if (options.command == "purge") {
    purge(out, options.folder, options.purge, options.json);
  } else {
    std::vector<dlq::ScannedSegment> segments;
    {
      Progress progress("verifying", folder.bytes());
      segments = dlq::scan_folder(folder, [&](std::uint64_t n) { progress.add(n); });
    }
    if (options.command == "ls") {
      print_list(out, folder, segments, options.json);
    } else {
      sound = print_verdict(out, segments, options.json);
    }
  }
  if (missing.unreadable != 0) {
    std::cerr << "esc-dlq: " << missing.unreadable
              << " segments could not be read, or not to their ends\n  fix: see esc-dlq verify\n";
  }
  if (missing.damaged != 0) {
    std::cerr << "esc-dlq: " << missing.damaged
              << " segments are damaged: letters of theirs are missing here\n"
                 "  fix: see esc-dlq verify\n";
  }
  if (!all_sent) return ExitCode::kNotReplayed;
  return sound && missing.none() ? ExitCode::kOk : ExitCode::kDamaged;
}

void say(std::string_view what, std::string_view fix) {
  std::cerr << "esc-dlq: " << config::printable(what, kMaxMessageBytes)
            << "\n  fix: " << config::printable(fix, kMaxMessageBytes) << '\n';
}

ExitCode run_guarded(int argc, char** argv, cli::StandardOutput& out) {
  const auto parsed = parse_options(argc, argv, out);
  if (const auto* code = std::get_if<ExitCode>(&parsed)) return *code;
  try {
    return run(std::get<Options>(parsed), out);
  } catch (const dlq::FolderError& error) {
    say(error.what(), error.fix());
  } catch (const ReplayError& error) {
    say(error.what(), error.fix());
    return ExitCode::kNotReplayed;
  } catch (const std::filesystem::filesystem_error& error) {
    say(error.what(), "look at that path, and at who may read it");
  } catch (const std::bad_alloc&) {
    say("no memory for a segment on each thread", "give it fewer CPUs (taskset) or more memory");
  }
  return ExitCode::kNoFolder;
}

}  // namespace
}  // namespace esc::dlq_tool

int main(int argc, char** argv) {
  using namespace esc::dlq_tool;
  esc::let_oversized_writes_fail();
  esc::cli::StandardOutput out("esc-dlq");
  const ExitCode code = run_guarded(argc, argv, out);
  return out.finish(static_cast<int>(code), static_cast<int>(ExitCode::kNotWritten));
}
