// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/service.hpp"

#include <spdlog/spdlog.h>

#include "app/escd/figures.hpp"
#include "app/escd/version.hpp"
#include "control/socket_path.hpp"

namespace esc::app {
namespace {

// DPDK cuts an answer at 16 KiB, and the last changes of several pipelines can be longer.
nlohmann::ordered_json without_changes(nlohmann::ordered_json pressure) {
  pressure.erase("last_changes");
  if (pressure.contains("pipelines")) {
    for (auto& pipeline : pressure["pipelines"]) pipeline.erase("last_changes");
  }
  return pressure;
}

}  // namespace

Service::Service(const config::Config& config)
    : server_(config.control.socket.empty() ? control::default_socket_path(config.instance)
                                            : config.control.socket,
              [this](const nlohmann::json& request) { return answer(request); }) {}

void Service::show(Appliance& appliance, Reload& reload, const Health& health) {
  appliance_ = &appliance;
  reload_ = &reload;
  health_ = &health;
  export_.add("/escd/ledger", "Where every packet and frame went",
              [&appliance] { return ledger_document(appliance); });
  export_.add("/escd/stages", "Counters of each stage",
              [&appliance] { return stages_document(appliance); });
  export_.add("/escd/lcores", "What each lcore runs and how busy it is",
              [&appliance] { return lcores_document(appliance); });
  export_.add("/escd/state", "What the appliance is doing",
              [&appliance]() -> nlohmann::ordered_json {
                return {{"state", control::name(appliance.state())}};
              });
  export_.add("/escd/health", "Each check with its value and its bound",
              [&health, &reload] { return health.document(reload.health()); });
  export_.add(
      "/escd/pressure", "Level, inputs and time in each level", [&appliance, &reload, &health] {
        return without_changes(pressure_document(appliance, reload.pressure(), health.handlers()));
      });
  if (appliance.data_path().keys() != nullptr) {
    export_.add("/escd/keys",
                "The table of keys of events without a number and of marks of replays",
                [&appliance] { return keys_document(appliance); });
  }
  if (appliance.data_path().dead_letters() != nullptr) {
    export_.add("/escd/dlq", "Dead letters and the disk that they are kept on",
                [&appliance] { return dlq_document(appliance); });
  }
}

void Service::hide() noexcept {
  export_.clear();
  appliance_ = nullptr;
  reload_ = nullptr;
  health_ = nullptr;
}

double Service::uptime_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

nlohmann::ordered_json Service::answer(const nlohmann::json& request) {
  const auto command = request.at("command").get<std::string>();
  if (command == "version") return control::ok_reply({{"version", kVersion}});
  if (appliance_ == nullptr)
    throw control::Refusal("the appliance is starting", "ask again in a moment");
  if (command == "reload") {
    answer_later([this](const Reload::Answer& answer) { reload_->reload(answer); });
  }
  if (command == "routes" && request.contains("diff")) {
    const auto file = request.at("diff").get<std::string>();
    if (file.find('\0') != std::string::npos)
      throw control::Refusal("the path has a byte 0", "name the file as it is");
    answer_later([this, &file](const Reload::Answer& answer) { reload_->diff(file, answer); });
  }
  if (command == "pause" || command == "resume" || command == "drain") {
    return control::ok_reply(act(command));
  }
  return control::ok_reply(look(command, request));
}

void Service::answer_later(const std::function<void(Reload::Answer)>& begin) {
  const std::uint64_t ticket = ++tickets_;
  // If the answer comes at once (a refusal, say), nobody waits for it yet, so settle() would not
  // find the asker.
  auto waiting = std::make_shared<bool>(false);
  auto at_once = std::make_shared<std::string>();
  begin([this, ticket, waiting, at_once](std::string line) {
    if (*waiting) {
      server_.settle(ticket, std::move(line));
    } else {
      *at_once = std::move(line);
    }
  });
  if (!at_once->empty()) {
    const auto reply = nlohmann::ordered_json::parse(*at_once);
    throw control::Refusal(reply.at("error").get<std::string>(), reply.value("fix", ""));
  }
  *waiting = true;
  throw control::Later{ticket};
}

nlohmann::ordered_json Service::act(const std::string& command) {
  const auto request = command == "pause"    ? PipelineRequest::kPause
                       : command == "resume" ? PipelineRequest::kResume
                                             : PipelineRequest::kDrain;
  if (const auto refusal = appliance_->request(request, "escctl " + command)) {
    throw control::Refusal(std::string(refusal->reason), std::string(refusal->fix));
  }
  spdlog::info("escctl {}: {}", command, control::name(appliance_->state()));
  return state_document(*appliance_);
}

nlohmann::ordered_json Service::look(const std::string& command,
                                     const nlohmann::json& request) const {
  if (command == "ledger") return ledger_document(*appliance_);
  if (command == "stats") return stats_document(*appliance_, uptime_s());
  if (command == "plan") return plan_document(appliance_->plan());
  if (command == "health") return health_->document(reload_->health());
  if (command == "topics") return topics_document(*appliance_);
  if (command == "lcores") return lcores_document(*appliance_);
  if (command == "ports") return ports_document(*appliance_);
  if (command == "state") return state_document(*appliance_);
  if (command == "pressure")
    return pressure_document(*appliance_, reload_->pressure(), health_->handlers());
  if (command == "producers") return producers_document(*appliance_, request);
  if (command == "keys") return keys_document(*appliance_);
  if (command == "dlq") return dlq_document(*appliance_);
  if (command == "routes") return reload_->routes();
  throw control::Refusal(
      "there is no command of that name",
      "ledger, stats, plan, health, topics, lcores, ports, state, pressure, producers, keys, dlq, "
      "routes, pause, resume, drain, reload and version are there");
}

}  // namespace esc::app
