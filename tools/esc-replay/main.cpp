// SPDX-License-Identifier: BSD-3-Clause
// esc-replay: builds traces of event frames and sends them.
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_size_limit.hpp"
#include "cli/options.hpp"
#include "cli/standard_output.hpp"
#include "config/text.hpp"
#include "esc-replay/build_options.hpp"
#include "esc-replay/error.hpp"
#include "esc-replay/info.hpp"
#include "esc-replay/send_options.hpp"
#include "esc-replay/sender.hpp"
#include "esc-replay/trace_builder.hpp"

namespace {

/// The arguments after a lone "--" go to EAL unchanged.
struct EalSplit {
  int argc;
  std::vector<std::string> eal_args;
};

EalSplit split_eal_args(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--") return {i, {argv + i + 1, argv + argc}};
  }
  return {argc, {}};
}

int run(int argc, char** argv, esc::cli::StandardOutput& out) {
  using namespace esc::replay;
  CLI::App app{
      "Builds traces of event frames with a manifest of what they must show, and sends them.",
      "esc-replay"};
  app.require_subcommand(1);
  app.footer(esc::cli::text_of(esc::replay::kExitCodeMeanings));

  BuildOptions build;
  build.arguments.assign(argv + 1, argv + argc);
  CLI::App* const build_command = app.add_subcommand("build", "write a trace and its manifest");
  add_build_options(*build_command, build);

  SendOptions send;
  const EalSplit split = split_eal_args(argc, argv);
  send.eal_args = split.eal_args;
  CLI::App* const send_command =
      app.add_subcommand("send", "play a trace into a socket or a DPDK port");
  add_send_options(*send_command, send);

  InfoOptions info;
  CLI::App* const info_command = app.add_subcommand("info", "say what is in a trace");
  add_info_options(*info_command, info);

  switch (esc::cli::parse(app, split.argc, argv, out)) {
    case esc::cli::Parsed::kGoOn:
      break;
    case esc::cli::Parsed::kDone:
      return static_cast<int>(ExitCode::kOk);
    case esc::cli::Parsed::kUsage:
      return static_cast<int>(ExitCode::kUsage);
  }
  if (!split.eal_args.empty() && send.port.empty()) {
    throw usage_error("arguments after -- are for EAL, which only send --port starts");
  }
  if (build_command->parsed()) run_build(build, out.stream());
  if (info_command->parsed()) run_info(info, out.stream());
  if (send_command->parsed()) return run_send(send, out.stream());
  return static_cast<int>(ExitCode::kOk);
}

/// Prints a message. It may hold any bytes: names of files, and what libraries repeat of them.
void say(const char* what) {
  constexpr std::size_t kMaxBytes = 4096;
  std::fprintf(stderr, "esc-replay: %s\n", esc::config::printable(what, kMaxBytes).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  esc::let_oversized_writes_fail();
  esc::cli::StandardOutput out("esc-replay");
  int code = 0;
  try {
    code = run(argc, argv, out);
  } catch (const esc::replay::Error& error) {
    say(error.what());
    code = static_cast<int>(error.code());
  } catch (const std::exception& error) {
    say(error.what());
    code = static_cast<int>(esc::replay::ExitCode::kFailed);
  }
  return out.finish(code, static_cast<int>(esc::replay::ExitCode::kFailed));
}
