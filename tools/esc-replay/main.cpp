// esc-replay: builds traces of event frames and sends them.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_size_limit.hpp"
#include "esc-replay/build_options.hpp"
#include "esc-replay/error.hpp"
#include "esc-replay/info.hpp"
#include "esc-replay/send_options.hpp"
#include "esc-replay/sender.hpp"
#include "esc-replay/trace_builder.hpp"

namespace {

/// What comes after a lone "--" is EAL's, word for word.
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

int run(int argc, char** argv) {
  using namespace esc::replay;
  CLI::App app{
      "Builds traces of event frames with a manifest of what they must show, and sends them.",
      "esc-replay"};
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);

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

  try {
    app.parse(split.argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  if (!split.eal_args.empty() && send.port.empty()) {
    throw usage_error("arguments after -- are for EAL, which only send --port starts");
  }
  if (build_command->parsed()) run_build(build);
  if (info_command->parsed()) run_info(info);
  if (send_command->parsed()) return run_send(send);
  return static_cast<int>(ExitCode::kOk);
}

}  // namespace

int main(int argc, char** argv) {
  esc::let_oversized_writes_fail();
  try {
    return run(argc, argv);
  } catch (const esc::replay::Error& error) {
    std::fprintf(stderr, "esc-replay: %s\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "esc-replay: %s\n", error.what());
    return static_cast<int>(esc::replay::ExitCode::kFailed);
  }
}
