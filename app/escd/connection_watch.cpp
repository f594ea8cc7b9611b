// SPDX-License-Identifier: BSD-3-Clause
#include "app/escd/connection_watch.hpp"

#include <spdlog/spdlog.h>

#include "app/escd/appliance_names.hpp"

namespace esc::app {

std::optional<std::string> connection_trouble(const telemetry::StreamLedger& before,
                                              const telemetry::StreamLedger& now) {
  std::string text;
  if (const std::uint64_t failed = now.accepts_failed - before.accepts_failed; failed != 0) {
    text = std::to_string(failed) +
           " attempts to accept a connection failed: is no descriptor left (ulimit -n, "
           "LimitNOFILE=)?";
  }
  for (std::size_t i = 0; i < now.refused.size(); ++i) {
    const std::uint64_t refused = now.refused[i] - before.refused[i];
    if (refused == 0) continue;
    text += text.empty() ? "" : " ";
    text += std::to_string(refused) + " connections were refused as " +
            std::string(kStreamRefusalNames[i]) + ": " + std::string(kStreamRefusalRows[i].help) +
            ".";
  }
  return text.empty() ? std::nullopt : std::optional(text);
}

void ConnectionWatch::watch(Clock::time_point now) {
  if (now < next_) return;
  next_ = now + kEvery;
  const DataPath& path = appliance_.data_path();
  telemetry::Ledger ledger;
  for (const auto& node : path.tcp()) node->add_received({0, path.pipelines().size()}, ledger);
  if (const auto text = connection_trouble(seen_, ledger.streams)) spdlog::warn("{}", *text);
  seen_ = ledger.streams;
}

}  // namespace esc::app
