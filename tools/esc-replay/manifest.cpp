#include "esc-replay/manifest.hpp"

#include <utility>

#include "esc-replay/error.hpp"

namespace esc::replay {
namespace {

template <class Array>
void add(Array& into, const Array& from) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] += from[i];
}

void add_topics(std::vector<Tally::Topic>& into, const std::vector<Tally::Topic>& from) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    into[i].events += from[i].events;
    into[i].bytes += from[i].bytes;
  }
}

/// Every topic that has events, with the handler its route names: null when there is no route.
void append_topics(nlohmann::ordered_json& object, const std::vector<std::string>& names,
                   const std::vector<Tally::Topic>& topics, const nlohmann::ordered_json& handler) {
  for (std::size_t i = 0; i < topics.size(); ++i) {
    if (topics[i].events == 0) continue;
    object[names[i]] = {
        {"handler", handler}, {"events", topics[i].events}, {"bytes", topics[i].bytes}};
  }
}

nlohmann::ordered_json sessions_of(const BuildPlan& plan, const TraceFacts& facts) {
  auto sessions = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < facts.numbers.size(); ++i) {
    sessions.push_back({{"producer", plan.options.first_producer + i},
                        {"epoch", plan.options.epoch},
                        {"first_sequence", plan.options.first_sequence},
                        {"numbers", facts.numbers[i]}});
  }
  return sessions;
}

}  // namespace

void Tally::merge(const Tally& other) {
  auto& f = ledger_.frames;
  f.received += other.ledger_.frames.received;
  f.delivered += other.ledger_.frames.delivered;
  f.control += other.ledger_.frames.control;
  add(f.dropped, other.ledger_.frames.dropped);
  auto& p = ledger_.packets;
  p.received += other.ledger_.packets.received;
  p.datagrams += other.ledger_.packets.datagrams;
  add(p.non_event, other.ledger_.packets.non_event);
  add(p.dropped, other.ledger_.packets.dropped);
  add_topics(listed_, other.listed_);
  add_topics(unlisted_, other.unlisted_);
}

nlohmann::ordered_json make_manifest(const BuildPlan& plan, const Tally& tally,
                                     const TraceFacts& facts) {
  const BuildOptions& options = plan.options;
  telemetry::Ledger ledger = tally.ledger();
  if (options.handler == "fail") {
    auto& dropped = ledger.frames.dropped[static_cast<std::size_t>(FrameDrop::kHandlerRefused)];
    dropped += std::exchange(ledger.frames.delivered, 0);
  }
  if (!ledger.balanced()) {
    throw Error(
        "the manifest does not balance: a fault of esc-replay; please report the arguments");
  }
  nlohmann::ordered_json json = telemetry::to_json(ledger, true);
  auto topics = nlohmann::ordered_json::object();
  append_topics(topics, plan.topics.listed(), tally.listed(), options.handler);
  append_topics(topics, plan.topics.unlisted(), tally.unlisted(), nullptr);
  json["topics"] = std::move(topics);
  json["trace"] = {{"arguments", options.arguments},
                   {"seed", options.seed},
                   {"udp_port", options.udp_port},
                   {"checksum", options.checksum},
                   {"handler", options.handler},
                   {"listed_topics", plan.topics.listed().size()},
                   {"packets", facts.packets},
                   {"bytes", facts.bytes},
                   {"longest_packet_bytes", facts.longest_bytes},
                   {"datagrams_cut_at_mtu", facts.cut_at_mtu},
                   {"made_as", facts.malformed},
                   {"sessions", sessions_of(plan, facts)}};
  return json;
}

}  // namespace esc::replay
