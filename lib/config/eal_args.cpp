// SPDX-License-Identifier: BSD-3-Clause
#include "config/eal_args.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "config/text.hpp"

namespace esc::config {
namespace {

using namespace std::string_view_literals;

struct Refused {
  std::string_view option;  // "-c" or "--lcores"
  std::string_view fix;
};

constexpr std::string_view kCores = "escd makes the core options from [lcores]";
constexpr std::string_view kHugepages = "use memory.hugepages instead";
constexpr std::string_view kAmount = "use memory.limit_mib instead";

constexpr std::array kRefused = {
    Refused{"-c", kCores},
    Refused{"-l", kCores},
    Refused{"-s", kCores},
    Refused{"-S", kCores},
    Refused{"--lcores", kCores},
    Refused{"--main-lcore", kCores},
    Refused{"--master-lcore", kCores},
    Refused{"--file-prefix", "it is made from 'instance'"},
    Refused{"--proc-type", "escd is always a primary process"},
    Refused{"--no-huge", kHugepages},
    Refused{"--in-memory", kHugepages},
    Refused{"--no-shconf", kHugepages},
    Refused{"--huge-unlink", kHugepages},
    Refused{"-m", kAmount},
    Refused{"--socket-mem", kAmount},
    Refused{"--vdev", "use a [[port]] with that device instead"},
    Refused{"-h", "run escd --help"},
    Refused{"--help", "run escd --help"},
};

// The letters of DPDK 22.11. EAL does not start if it is given an option that it does not know.
constexpr std::string_view kTakenLetters = "abdnrv";
constexpr std::array kTaken = {
    "--allow"sv,
    "--base-virtaddr"sv,
    "--block"sv,
    "--create-uio-dev"sv,
    "--force-max-simd-bitwidth"sv,
    "--huge-dir"sv,
    "--huge-worker-stack"sv,
    "--iova-mode"sv,
    "--legacy-mem"sv,
    "--log-level"sv,
    "--match-allocations"sv,
    "--mbuf-pool-ops-name"sv,
    "--no-hpet"sv,
    "--no-pci"sv,
    "--no-telemetry"sv,
    "--single-file-segments"sv,
    "--socket-limit"sv,
    "--syslog"sv,
    "--telemetry"sv,
    "--trace"sv,
    "--trace-bufsz"sv,
    "--trace-dir"sv,
    "--trace-mode"sv,
    "--version"sv,
    "--vfio-intr"sv,
    "--vfio-vf-token"sv,
    "--vmware-tsc-map"sv,
};

bool is_known(std::string_view arg) {
  if (!arg.starts_with("--")) return kTakenLetters.find(arg[1]) != std::string_view::npos;
  const std::string_view option = arg.substr(0, arg.find('='));
  return std::ranges::any_of(kTaken,
                             [&](std::string_view known) { return known.starts_with(option); });
}

// getopt_long takes any unambiguous beginning of a long option. A beginning is refused if a refused
// option begins with it.
const Refused* match(std::string_view arg) {
  if (arg.starts_with("--")) {
    const std::string_view option = arg.substr(0, arg.find('='));
    const auto* const found = std::ranges::find_if(
        kRefused, [&](const Refused& entry) { return entry.option.starts_with(option); });
    return found == kRefused.end() ? nullptr : found;
  }
  const auto* const found = std::ranges::find_if(kRefused, [&](const Refused& entry) {
    return entry.option.size() == 2 && arg.starts_with(entry.option);
  });
  return found == kRefused.end() ? nullptr : found;
}

// An option written without its value, so that the next argument may be that value.
bool may_take_next(std::string_view arg) {
  if (arg.starts_with("--")) return arg.find('=') == std::string_view::npos;
  return arg.size() == 2 && arg[0] == '-';
}

}  // namespace

std::vector<EalArgProblem> check_eal_args(std::span<const std::string> args) {
  std::vector<EalArgProblem> problems;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (arg == "--" || arg == "-") {
      problems.push_back({i, "EAL argument '" + arg + "' ends EAL's options", "remove it"});
    } else if (!arg.starts_with('-')) {
      if (i > 0 && may_take_next(args[i - 1])) continue;
      problems.push_back({i, "EAL argument " + in_quotes(arg) + " is not an option",
                          "write options and their values as separate strings"});
    } else if (const Refused* refused = match(arg)) {
      problems.push_back(
          {i, "EAL argument " + in_quotes(arg) + " is not taken here", std::string(refused->fix)});
    } else if (!is_known(arg)) {
      problems.push_back({i, "EAL has no option " + in_quotes(arg),
                          "correct it; DPDK's Getting Started Guide lists EAL's options"});
    }
  }
  return problems;
}

bool disables_pci(std::span<const std::string> args) {
  return std::ranges::find(args, "--no-pci") != args.end();
}

}  // namespace esc::config
