// esc-dlq: reads the dead letters that an appliance keeps, while it runs or after, sends them
// again, and removes old ones.
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <new>
#include <optional>
#include <span>

#include "base/file_size_limit.hpp"
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

ExitCode run(const Options& options) {
  const dlq::Folder folder(options.folder);
  bool sound = true;
  bool all_sent = true;
  std::uint64_t unreadable = 0;
  if (options.command == "cat") {
    if (options.form == Form::kPcap) std::cout << pcap_head();
    // On a terminal the letters themselves show how far it is.
    std::optional<Progress> progress;
    if (isatty(STDOUT_FILENO) == 0) progress.emplace("reading", folder.bytes());
    const auto on_read = [&](std::uint64_t bytes) {
      if (progress) progress->add(bytes);
    };
    unreadable =
        print_letters(std::cout, folder, options.filter, options.form, options.limit, on_read);
  } else if (options.command == "stats") {
    Statistics statistics;
    {
      Progress progress("reading", folder.bytes());
      statistics = gather(folder, options.filter, [&](std::uint64_t n) { progress.add(n); });
    }
    print_statistics(std::cout, statistics, options.top, options.json);
    unreadable = statistics.unreadable();
  } else if (options.command == "replay") {
    const ReplayResult result = replay(options.folder, options.filter, options.replay);
    print_replay(std::cout, result, options.replay.dry_run, options.json);
    unreadable = result.unreadable;
    sound = result.no_frame == 0;
    all_sent = result.too_long + result.not_taken == 0;
  } else if (options.command == "purge") {
    purge(std::cout, options.folder, options.purge, options.json);
  } else {
    std::vector<dlq::ScannedSegment> segments;
    {
      Progress progress("verifying", folder.bytes());
      segments = dlq::scan_folder(folder, [&](std::uint64_t n) { progress.add(n); });
    }
    if (options.command == "ls") {
      print_list(std::cout, folder, segments, options.json);
    } else {
      sound = print_verdict(std::cout, segments, options.json);
    }
  }
  if (!std::cout.flush()) {
    std::cerr << "esc-dlq: the output could not be written\n  fix: look at where it goes to\n";
    return ExitCode::kNotWritten;
  }
  if (unreadable != 0) {
    std::cerr << "esc-dlq: " << unreadable
              << " segments could not be read, or not to their ends\n  fix: see esc-dlq verify\n";
  }
  if (!all_sent) return ExitCode::kNotReplayed;
  return sound && unreadable == 0 ? ExitCode::kOk : ExitCode::kDamaged;
}

}  // namespace
}  // namespace esc::dlq_tool

int main(int argc, char** argv) {
  using namespace esc::dlq_tool;
  esc::let_oversized_writes_fail();
  // Into `head` and the like: an error of the output, not a death.
  std::signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  const auto parsed = parse_options(argc, argv);
  if (const auto* code = std::get_if<ExitCode>(&parsed)) return static_cast<int>(*code);
  try {
    return static_cast<int>(run(std::get<Options>(parsed)));
  } catch (const esc::dlq::FolderError& error) {
    std::cerr << "esc-dlq: " << esc::config::printable(error.what())
              << "\n  fix: " << esc::config::printable(error.fix()) << '\n';
    return static_cast<int>(ExitCode::kNoFolder);
  } catch (const ReplayError& error) {
    std::cerr << "esc-dlq: " << esc::config::printable(error.what())
              << "\n  fix: " << esc::config::printable(error.fix()) << '\n';
    return static_cast<int>(ExitCode::kNotReplayed);
  } catch (const std::filesystem::filesystem_error& error) {
    std::cerr << "esc-dlq: " << esc::config::printable(error.what())
              << "\n  fix: look at that path, and at who may read it\n";
    return static_cast<int>(ExitCode::kNoFolder);
  } catch (const std::bad_alloc&) {
    std::cerr << "esc-dlq: no memory for a segment on each thread\n"
                 "  fix: give it fewer CPUs (taskset) or more memory\n";
    return static_cast<int>(ExitCode::kNoFolder);
  }
}
