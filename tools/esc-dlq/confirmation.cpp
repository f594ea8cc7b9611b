#include "esc-dlq/confirmation.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "control/socket_path.hpp"
#include "esc-dlq/replay_error.hpp"
#include "escctl/exit_code.hpp"
#include "escctl/instances.hpp"

namespace esc::dlq_tool {
namespace {

/// Calls something of escctl's, whose errors are told as ours.
template <class Call>
auto told(Call&& call) {
  try {
    return call();
  } catch (const ctl::Failure& failure) {
    throw ReplayError(std::string("--confirm: ") + failure.what(), failure.fix());
  } catch (const nlohmann::json::exception&) {
    throw ReplayError("--confirm: the answer is not escd's", "name escd's instance, or its socket");
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
    for (const auto& [name, stage] : stats.at("stages").items()) {
      if (!name.starts_with("dispatch")) continue;
      counts.fresh += stage.at("replayed").get<std::uint64_t>();
      counts.copies += stage.at("duplicate_replay").get<std::uint64_t>();
      counts.refused += stage.at("replay_refused").get<std::uint64_t>();
    }
    return counts;
  });
}

}  // namespace esc::dlq_tool
