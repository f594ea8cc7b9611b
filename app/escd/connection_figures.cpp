// SPDX-License-Identifier: BSD-3-Clause
// The document of connections.
#include <rte_cycles.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/escd/appliance_names.hpp"
#include "app/escd/figures.hpp"
#include "app/escd/request.hpp"
#include "control/answer.hpp"
#include "control/commands.hpp"
#include "tcp/connection_board.hpp"
#include "wire/endpoint.hpp"

namespace esc::app {
namespace {

using nlohmann::ordered_json;
using tcp::ConnectionView;

struct Found {
  const appliance::TcpNode* node;
  ConnectionView view;
};

std::uint64_t all_refused(const ConnectionView& view) {
  return std::accumulate(view.refused.begin(), view.refused.end(), std::uint64_t{0});
}

/// What stands in front has more of it.
std::uint64_t weight(const ConnectionView& view, std::string_view order) {
  if (order == "events") return view.events;
  if (order == "refused") return all_refused(view);
  if (order == "paused") return view.paused_cycles;
  if (order == "silent") return UINT64_MAX - view.heard_tsc;
  return view.bytes;
}

std::string peer_text(const intake::StreamPeer& peer) {
  return peer.address ? wire::to_text(wire::Endpoint{*peer.address, peer.port}) : "?";
}

ordered_json reasons_json(const ConnectionView& view) {
  auto json = ordered_json::object();
  for (std::size_t i = 0; i < view.refused.size(); ++i) {
    if (view.refused[i] != 0) json[std::string(kFrameDropNames[i])] = view.refused[i];
  }
  return json;
}

ordered_json connection_json(const Found& found, std::uint64_t now) {
  const ConnectionView& view = found.view;
  const auto since = [now](std::uint64_t tsc) { return tsc_seconds(now > tsc ? now - tsc : 0); };
  ordered_json json = {{"peer", peer_text(view.peer)},
                       {"role", found.node->name()},
                       {"open_s", since(view.accepted_tsc)},
                       {"silent_s", since(view.heard_tsc)},
                       {"bytes", view.bytes},
                       {"events", view.events},
                       {"refused", all_refused(view)},
                       {"refused_by_reason", reasons_json(view)},
                       {"paused", view.paused},
                       {"paused_s", tsc_seconds(view.paused_cycles)},
                       {"waiting", found.node->waiting(view.slot)},
                       {"producer", nullptr}};
  if (view.producer) json["producer"] = *view.producer;
  return json;
}

}  // namespace

ordered_json connections_document(const Appliance& appliance, const nlohmann::json& request) {
  const auto nodes = appliance.data_path().tcp();
  if (nodes.empty()) {
    throw control::Refusal("there are no listeners here", "add a [[tcp]] and restart escd");
  }
  const std::string_view order =
      control::kConnectionOrders[order_of(request, control::kConnectionOrders, "connections")];
  const std::size_t count = count_of(request, "top", control::kConnectionsSize);
  const std::uint64_t now = rte_rdtsc();
  std::vector<Found> all;
  for (const auto& node : nodes) {
    for (std::uint32_t slot = 0; slot < node->connections().slots(); ++slot) {
      if (const auto view = node->connections().read(slot, now)) all.push_back({node.get(), *view});
    }
  }
  const std::size_t open = all.size();
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(count, open));
  std::partial_sort(all.begin(), end, all.end(), [order](const Found& a, const Found& b) {
    return weight(a.view, order) > weight(b.view, order);
  });
  ordered_json list = ordered_json::array();
  for (auto each = all.begin(); each != end; ++each) list.push_back(connection_json(*each, now));
  return {{"connections", std::move(list)}, {"open", open}};
}

}  // namespace esc::app
