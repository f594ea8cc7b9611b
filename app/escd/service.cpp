#include "app/escd/service.hpp"

#include "app/escd/figures.hpp"
#include "app/escd/version.hpp"
#include "control/socket_path.hpp"

namespace esc::app {

Service::Service(const config::Config& config)
    : server_(config.control.socket.empty() ? control::default_socket_path(config.instance)
                                            : config.control.socket,
              [this](const nlohmann::json& request) { return answer(request); }) {}

void Service::show(const Appliance& appliance) {
  appliance_ = &appliance;
  export_.add("/escd/ledger", "Where every packet and frame went",
              [&appliance] { return ledger_document(appliance); });
  export_.add("/escd/stages", "Counters of each stage",
              [&appliance] { return stages_document(appliance); });
  export_.add("/escd/lcores", "What each lcore runs and how busy it is",
              [&appliance] { return lcores_document(appliance); });
}

void Service::hide() noexcept {
  export_.clear();
  appliance_ = nullptr;
}

double Service::uptime_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

nlohmann::ordered_json Service::answer(const nlohmann::json& request) const {
  const auto command = request.at("command").get<std::string>();
  if (command == "version") return control::ok_reply({{"version", kVersion}});
  if (appliance_ == nullptr)
    throw control::Refusal("the appliance is starting", "ask again in a moment");
  if (command == "ledger") return control::ok_reply(ledger_document(*appliance_));
  if (command == "stats") return control::ok_reply(stats_document(*appliance_, uptime_s()));
  if (command == "plan") return control::ok_reply(plan_document(appliance_->plan()));
  if (command == "health") return control::ok_reply(health_document(*appliance_));
  if (command == "topics") return control::ok_reply(topics_document(*appliance_));
  if (command == "lcores") return control::ok_reply(lcores_document(*appliance_));
  if (command == "ports") return control::ok_reply(ports_document(*appliance_));
  throw control::Refusal(
      "there is no command of that name",
      "ledger, stats, plan, health, topics, lcores, ports and version are there");
}

}  // namespace esc::app
