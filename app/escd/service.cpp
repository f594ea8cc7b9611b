// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/service.hpp"

#include <spdlog/spdlog.h>

#include "app/escd/appliance_names.hpp"
#include "app/escd/figures.hpp"
#include "app/escd/metrics.hpp"
#include "app/escd/request.hpp"
#include "app/escd/version.hpp"
#include "control/socket_path.hpp"

namespace esc::app {
namespace {

using control::Command;

// How long a thread of DPDK's waits for a snapshot; then it gets the one before.
constexpr std::chrono::milliseconds kSnapshotPatience{2000};

// DPDK cuts an answer at 16 KiB, and the last changes of several pipelines can be longer.
nlohmann::ordered_json without_changes(nlohmann::ordered_json pressure) {
  for (auto& pipeline : pressure["pipelines"]) pipeline.erase("last_changes");
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
  export_figures("/escd/ledger", "Where every packet and frame went", ledger_document);
  export_figures("/escd/stages", "Counters of each stage", stages_document);
  export_figures("/escd/lcores", "What each lcore runs and how busy it is", lcores_document);
  export_figures("/escd/state", "What the appliance is doing",
                 [](const Snapshot& snapshot) -> nlohmann::ordered_json {
                   return {{"state", control::name(snapshot.state.now)}};
                 });
  export_figures("/escd/health", "Each check with its value and its bound",
                 [](const Snapshot& snapshot) { return *snapshot.health; });
  export_figures(
      "/escd/pressure", "Level, inputs and time in each level, by pipeline",
      [](const Snapshot& snapshot) { return without_changes(pressure_document(snapshot)); });
  const Snapshot now = snapshot(LedgerReading::kQuick);
  if (now.keys) {
    export_figures("/escd/keys",
                   "The table of keys of events without a number and of marks of replays",
                   keys_document);
  }
  if (now.storage) {
    export_figures("/escd/dlq", "Dead letters and the disk that they are kept on", dlq_document);
  }
  // Only now, so that no thread of DPDK's waits for this one within add().
  board_.open();
}

// DPDK asks on a thread of its own, where nothing but a snapshot may be looked at.
void Service::export_figures(const std::string& path, const std::string& help,
                             nlohmann::ordered_json (*figures)(const Snapshot&)) {
  export_.add(path, help, [this, figures] {
    const auto snapshot = board_.ask(kSnapshotPatience);
    return snapshot == nullptr ? nlohmann::ordered_json::object() : figures(*snapshot);
  });
}

void Service::hide() noexcept {
  board_.close();  // before clear(), which waits for whoever waits for a snapshot
  export_.clear();
  appliance_ = nullptr;
  reload_ = nullptr;
  health_ = nullptr;
}

void Service::serve_ready() {
  server_.serve_ready();
  board_.serve([this] { return full_snapshot(0); });
}

Snapshot Service::snapshot(LedgerReading reading, std::size_t most_topics) const {
  Snapshot now = take_snapshot(*appliance_, reading, most_topics);
  const std::chrono::nanoseconds uptime = std::chrono::steady_clock::now() - start_;
  now.appliance.uptime_ns = static_cast<std::uint64_t>(uptime.count());
  now.pressure = reload_->pressure();
  now.handlers = health_->handlers().loads();
  for (std::size_t i = 0; i < now.lcores.size(); ++i) {
    now.lcores[i].in_hand = health_->handlers().in_hand(i);
  }
  return now;
}

Snapshot Service::full_snapshot(std::size_t most_topics) const {
  Snapshot all = snapshot(LedgerReading::kEach, most_topics);
  all.health =
      std::make_shared<const nlohmann::ordered_json>(health_->document(reload_->health(), all));
  return all;
}

// The functions, in the order of the commands.
const std::array<Service::Answerer, static_cast<std::size_t>(Command::kCount)>& Service::table() {
  static constexpr std::array<Answerer, static_cast<std::size_t>(Command::kCount)> kTable = {{
      {Command::kLedger, &Service::show_each<ledger_document>},
      {Command::kStats, &Service::show_quick<stats_document>},
      {Command::kPlan, &Service::plan},
      {Command::kHealth, &Service::health},
      {Command::kTopics, &Service::topics},
      {Command::kLcores, &Service::show_quick<lcores_document>},
      {Command::kPorts, &Service::show_quick<ports_document>},
      {Command::kState, &Service::show_quick<state_document>},
      {Command::kPressure, &Service::show_quick<pressure_document>},
      {Command::kProducers, &Service::producers},
      {Command::kConnections, &Service::connections},
      {Command::kKeys, &Service::show_quick<keys_document>},
      {Command::kDlq, &Service::show_quick<dlq_document>},
      {Command::kRoutes, &Service::routes},
      {Command::kMetrics, &Service::metrics},
      {Command::kReload, &Service::reload},
      {Command::kPause, &Service::act<PipelineRequest::kPause>},
      {Command::kResume, &Service::act<PipelineRequest::kResume>},
      {Command::kDrain, &Service::act<PipelineRequest::kDrain>},
      {Command::kVersion, &Service::version},
  }};
  static_assert([] {
    for (std::size_t i = 0; i < kTable.size(); ++i) {
      if (kTable[i].command != static_cast<Command>(i)) return false;
    }
    return true;
  }());
  return kTable;
}

nlohmann::ordered_json Service::answer(const nlohmann::json& request) {
  const auto name = request.at("command").get<std::string>();
  const auto command = control::command_of(name);
  // `version` is answered whatever number the request has: so a program of another version learns
  // whom it talks to.
  if (command == Command::kVersion) return control::ok_reply(version(request));
  control::require_protocol(request, kVersionNumber);
  if (!command) {
    throw control::Refusal("there is no command of that name",
                           control::command_names() + " are there");
  }
  if (appliance_ == nullptr)
    throw control::Refusal("the appliance is starting", "ask again in a moment");
  const Answerer& answerer = table()[static_cast<std::size_t>(*command)];
  return control::ok_reply((this->*answerer.answer)(request));
}

nlohmann::ordered_json Service::version(const nlohmann::json& /*request*/) {
  return {{"version", kVersion}};
}

nlohmann::ordered_json Service::plan(const nlohmann::json& /*request*/) {
  return plan_document(appliance_->plan());
}

nlohmann::ordered_json Service::health(const nlohmann::json& /*request*/) {
  return health_->document(reload_->health(), snapshot(LedgerReading::kSettled));
}

nlohmann::ordered_json Service::topics(const nlohmann::json& /*request*/) {
  return topics_document(snapshot(LedgerReading::kQuick, SIZE_MAX));
}

nlohmann::ordered_json Service::connections(const nlohmann::json& request) {
  return connections_document(*appliance_, request);
}

nlohmann::ordered_json Service::producers(const nlohmann::json& request) {
  return producers_document(*appliance_, request);
}

nlohmann::ordered_json Service::routes(const nlohmann::json& request) {
  if (!request.contains("diff")) return reload_->routes();
  const auto file = request.at("diff").get<std::string>();
  if (file.find('\0') != std::string::npos)
    throw control::Refusal("the path has a byte 0", "name the file as it is");
  answer_later([this, &file](const Reload::Answer& answer) { reload_->diff(file, answer); });
}

nlohmann::ordered_json Service::metrics(const nlohmann::json& request) {
  const std::size_t most = count_of(request, "topics", control::kMetricTopicsSize);
  return {{"content_type", "text/plain; version=0.0.4"},
          {"text", metrics_text(full_snapshot(most), kVersionNumber)}};
}

nlohmann::ordered_json Service::reload(const nlohmann::json& /*request*/) {
  answer_later([this](const Reload::Answer& answer) { reload_->reload(answer); });
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

nlohmann::ordered_json Service::move(PipelineRequest request) {
  const std::string command(control::name(request));
  if (const auto refusal = appliance_->request(request, "escctl " + command)) {
    throw control::Refusal(std::string(refusal->reason), std::string(refusal->fix));
  }
  spdlog::info("escctl {}: {}", command, control::name(appliance_->state()));
  return state_document(snapshot(LedgerReading::kQuick));
}

}  // namespace esc::app
