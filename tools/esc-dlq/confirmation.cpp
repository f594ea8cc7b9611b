// SPDX-License-Identifier: BSD-3-Clause
#include "esc-dlq/confirmation.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "cli/json_text.hpp"
#include "control/socket_path.hpp"
#include "esc-dlq/replay_error.hpp"
#include "escctl/exit_code.hpp"
#include "escctl/instances.hpp"

namespace esc::dlq_tool {
namespace {

[[noreturn]] void fail_as_stranger() {
  throw ReplayError("--confirm: the answer is not escd's", "name escd's instance, or its socket");
}

std::uint64_t count_of(const nlohmann::ordered_json& stage, const char* name) {
  const auto count = cli::whole_member(stage, name);
  if (!count) fail_as_stranger();
  return *count;
}

/// escctl's advice names escctl's options, so it is replaced.
std::string fix_of(const ctl::Failure& failure) {
  if (failure.code() == ctl::ExitCode::kRefused) return failure.fix();
  return "--confirm takes the name of an instance that runs on this machine, or the path of its "
         "control socket; run this as the user that runs it, or as root";
}

/// Calls a function of escctl and turns its errors into ours.
template <class Call>
auto told(Call&& call) {
  try {
    return call();
  } catch (const ctl::Failure& failure) {
    throw ReplayError(std::string("--confirm: ") + failure.what(), fix_of(failure));
  } catch (const nlohmann::json::exception&) {
    fail_as_stranger();
  }
}

ctl::Client connected(const std::string& instance) {
  const bool is_path = instance.find('/') != std::string::npos;
  return ctl::Client(is_path ? instance : ctl::choose_socket(control::instance_roots(), instance));
}

}  // namespace

Confirmation::Confirmation(const std::string& instance)
    : client_(told([&] { return connected(instance); })) {}

ReplayCounts Confirmation::read() {
  return told([&] {
    const auto stats = client_.request("stats");
    ReplayCounts counts;
    for (const auto& stage : stats.at("stages")) {
      if (stage.at("role") != "dispatch") continue;
      counts.fresh += count_of(stage, "replayed");
      counts.copies += count_of(stage, "duplicate_replay");
      counts.refused += count_of(stage, "replay_refused");
    }
    return counts;
  });
}

}  // namespace esc::dlq_tool
