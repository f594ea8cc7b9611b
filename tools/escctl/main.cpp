// escctl: what runs, how it fares and where every frame went, asked over the control socket.
#include <chrono>
#include <iostream>
#include <string>
#include <string_view>

#include "base/file_size_limit.hpp"
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

ExitCode run(const Options& options) {
  // Before the socket is opened: the version at hand is known even if escd is not.
  if (options.command == "version" && !options.json) std::cout << kVersion << std::endl;
  if (options.watch_s) hold_stop_signals();
  Client client(socket_of(options));
  if (options.watch_s) {
    const std::chrono::duration<double> interval(*options.watch_s);
    watch(client, {std::chrono::duration_cast<std::chrono::milliseconds>(interval), options.json});
    return ExitCode::kOk;
  }
  const auto result = client.request(options.command, options.arguments);
  std::cout << (options.json ? result.dump(2, ' ', true) + "\n" : show(options.command, result))
            << std::flush;
  return options.command == "health" && !is_healthy(result) ? ExitCode::kUnhealthy : ExitCode::kOk;
}

// Line by line, each made safe: what escd and the file system say may hold anything.
void print_error(std::string_view text, std::string_view first) {
  for (std::string_view lead = first; !text.empty(); lead = "  ") {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::cerr << lead << safe(text.substr(0, end)) << '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace
}  // namespace esc::ctl

int main(int argc, char** argv) {
  using namespace esc::ctl;
  esc::let_oversized_writes_fail();
  try {
    const auto parsed = parse_options(argc, argv);
    if (const auto* done = std::get_if<Done>(&parsed)) return static_cast<int>(done->code);
    return static_cast<int>(run(std::get<Options>(parsed)));
  } catch (const Failure& failure) {
    print_error(failure.what(), "escctl: ");
    print_error(failure.fix(), "  fix: ");
    return static_cast<int>(failure.code());
  } catch (const std::exception& error) {
    print_error(error.what(), "escctl: ");
    return static_cast<int>(ExitCode::kNotReachable);
  }
}
