// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/manifest.hpp"

#include <algorithm>
#include <utility>

#include "esc-replay/error.hpp"

namespace esc::replay {
namespace {

using Json = nlohmann::ordered_json;

/// Every topic that has events, with the handler its route names: null when there is no route.
void append_topics(Json& object, const std::vector<std::string>& names,
                   const std::vector<Tally::Topic>& topics, const Json& handler) {
  for (std::size_t i = 0; i < topics.size(); ++i) {
    if (topics[i].events == 0) continue;
    object[names[i]] = {
        {"handler", handler}, {"events", topics[i].events}, {"bytes", topics[i].bytes}};
  }
}

Json sessions_of(const BuildPlan& plan, const TraceFacts& facts) {
  auto sessions = Json::array();
  for (std::size_t i = 0; i < facts.numbers.size(); ++i) {
    sessions.push_back({{"producer", plan.options.first_producer + i},
                        {"epoch", plan.options.epoch},
                        {"first_sequence", plan.options.first_sequence},
                        {"numbers", facts.numbers[i]}});
  }
  return sessions;
}

bool side_by_side(const TraceFacts& facts) {
  return facts.feeds.size() > 1;
}

/// Gaps count from the first contact on. With two ports that is known only if both begin at the
/// same number.
bool gaps_known(const TraceFacts& facts, std::size_t producer) {
  if (!side_by_side(facts)) return true;
  const std::uint64_t a = facts.feeds[0].first_contact[producer];
  const std::uint64_t b = facts.feeds[1].first_contact[producer];
  return a == b || a == FeedFacts::kNone || b == FeedFacts::kNone;
}

Json producers_of(const BuildPlan& plan, const BuiltTrace& built) {
  auto producers = Json::object();
  for (std::size_t i = 0; i < built.facts.numbers.size(); ++i) {
    const NumberModel::Figures figures = built.numbers.figures(i, plan.options.window);
    if (figures.epochs == 0) continue;
    const auto known = [](bool is, std::uint64_t value) { return is ? Json(value) : Json(); };
    const bool gaps = gaps_known(built.facts, i);
    const bool order = !side_by_side(built.facts);
    producers[std::to_string(plan.options.first_producer + i)] = {
        {"delivered", figures.delivered},
        {"duplicate", figures.duplicate},
        {"stale", figures.stale},
        {"lost", known(gaps, figures.lost)},
        {"missing", known(gaps, figures.missing)},
        {"late", known(order, figures.late)},
        {"reorder_depth", known(order, figures.reorder_depth)},
        {"epochs", figures.epochs}};
  }
  return producers;
}

/// How many of a producer's numbers one port may be ahead of the other without any event becoming
/// stale; null for one port, or without a window.
Json skew_of(const BuildPlan& plan, const TraceFacts& facts) {
  const std::uint64_t window = plan.options.window;
  if (!side_by_side(facts) || window == 0) return {};
  const std::uint64_t depth = std::max(facts.feeds[0].depth, facts.feeds[1].depth);
  if (depth < window) return window - 1 - depth;
  throw usage_error("--reorder puts numbers up to " + std::to_string(depth) +
                    " behind: with a --window of " + std::to_string(window) +
                    " and two ports, what is stale hangs on their turns; lower --reorder or raise "
                    "--window or --sessions");
}

Json feeds_of(const BuildPlan& plan, const TraceFacts& facts) {
  auto feeds = Json::array();
  for (std::size_t i = 0; i < facts.feeds.size(); ++i) {
    const FeedFacts& feed = facts.feeds[i];
    feeds.push_back({{"file", i == 0 ? plan.options.out : plan.options.out_b},
                     {"packets", feed.packets},
                     {"bytes", feed.bytes},
                     {"lost", feed.network.lost},
                     {"copies", feed.network.copies},
                     {"overtaken", feed.network.overtaken}});
  }
  return feeds;
}

}  // namespace

std::uint64_t TraceFacts::packets() const noexcept {
  std::uint64_t sum = 0;
  for (const FeedFacts& feed : feeds) sum += feed.packets;
  return sum;
}

std::uint64_t TraceFacts::bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const FeedFacts& feed : feeds) sum += feed.bytes;
  return sum;
}

Json make_manifest(const BuildPlan& plan, const BuiltTrace& built) {
  const BuildOptions& options = plan.options;
  const TraceFacts& facts = built.facts;
  telemetry::Ledger ledger = built.tally.ledger();
  if (options.handler == "fail") {
    auto& dropped = ledger.frames.dropped[static_cast<std::size_t>(FrameDrop::kHandlerRefused)];
    dropped += std::exchange(ledger.frames.delivered, 0);
  }
  if (!ledger.balanced()) {
    throw Error(
        "the manifest does not balance: a fault of esc-replay; please report the arguments");
  }
  Json json = telemetry::to_json(ledger, true);
  if (options.window != 0) json["producers"] = producers_of(plan, built);
  auto topics = Json::object();
  append_topics(topics, plan.topics.listed(), built.tally.listed(), options.handler);
  append_topics(topics, plan.topics.unlisted(), built.tally.unlisted(), nullptr);
  json["topics"] = std::move(topics);
  json["trace"] = {{"arguments", options.arguments},
                   {"seed", options.seed},
                   {"udp_port", options.udp_port},
                   {"checksum", options.checksum},
                   {"handler", options.handler},
                   {"listed_topics", plan.topics.listed().size()},
                   {"made", facts.made},
                   {"packets", facts.packets()},
                   {"bytes", facts.bytes()},
                   {"longest_packet_bytes", facts.longest_bytes},
                   {"datagrams_cut_at_mtu", facts.cut_at_mtu},
                   {"made_as", facts.malformed},
                   {"window", options.window},
                   {"restarts", facts.restarts},
                   {"feeds", feeds_of(plan, facts)},
                   {"most_skew", skew_of(plan, facts)},
                   {"sessions", sessions_of(plan, facts)}};
  return json;
}

}  // namespace esc::replay
