// SPDX-License-Identifier: BSD-3-Clause
// escctl: asks running appliances over the control socket what they do and where every frame went.
#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/file_size_limit.hpp"
#include "cli/json_text.hpp"
#include "cli/standard_output.hpp"
#include "config/text.hpp"
#include "control/socket_path.hpp"
#include "escctl/client.hpp"
#include "escctl/exit_code.hpp"
#include "escctl/format.hpp"
#include "escctl/instances.hpp"
#include "escctl/options.hpp"
#include "escctl/show.hpp"
#include "escctl/version.hpp"
#include "escctl/watch.hpp"

namespace esc::ctl {
namespace {

std::string socket_of(const Options& options) {
  if (!options.socket_path.empty()) return options.socket_path;
  return choose_socket(control::instance_roots(), options.instance);
}

ExitCode run(const Options& options, cli::StandardOutput& out) {
  // Printed before the socket is opened: our own version is known even if escd cannot be reached.
  if (options.command == "version" && !options.json) out.stream() << kVersion << '\n';
  const std::optional<StopSignals> stop =
      options.watch_s ? std::optional<StopSignals>(std::in_place) : std::nullopt;
  Client client(socket_of(options));
  if (stop) {
    const std::chrono::duration<double> interval(*options.watch_s);
    watch(client, *stop, out,
          {std::chrono::duration_cast<std::chrono::milliseconds>(interval), options.json});
    return ExitCode::kOk;
  }
  const auto result = client.request(options.command, options.arguments);
  out.write(options.json ? cli::json_text(result, 2) + "\n" : show(options.command, result));
  return options.command == "health" && !is_healthy(result) ? ExitCode::kUnhealthy : ExitCode::kOk;
}

constexpr std::size_t kMaxLineBytes = 1024;

// Line by line, each made safe: texts from escd and from the file system may hold any bytes.
void print_error(std::string_view text, std::string_view first) {
  for (std::string_view lead = first; !text.empty(); lead = "  ") {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::cerr << lead << config::printable(text.substr(0, end), kMaxLineBytes) << '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

ExitCode run_guarded(int argc, char** argv, cli::StandardOutput& out) {
  try {
    const auto parsed = parse_options(argc, argv, out);
    if (const auto* done = std::get_if<Done>(&parsed)) return done->code;
    return run(std::get<Options>(parsed), out);
  } catch (const Failure& failure) {
    print_error(failure.what(), "escctl: ");
    print_error(failure.fix(), "  fix: ");
    return failure.code();
  } catch (const std::exception& error) {
    print_error(error.what(), "escctl: ");
    return ExitCode::kNotReachable;
  }
}

}  // namespace
}  // namespace esc::ctl

int main(int argc, char** argv) {
  using namespace esc::ctl;
  esc::let_oversized_writes_fail();
  esc::cli::StandardOutput out("escctl");
  const ExitCode code = run_guarded(argc, argv, out);
  return out.finish(static_cast<int>(code), static_cast<int>(ExitCode::kNotWritten));
}
