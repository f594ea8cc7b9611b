// SPDX-License-Identifier: BSD-3-Clause
// Rules of the configuration: [[route]] and [default_route].
#include <algorithm>
#include <unordered_map>

#include "config/loading.hpp"
#include "config/sections.hpp"
#include "config/text.hpp"
#include "config/topic_pattern.hpp"

namespace esc::config {
namespace {

constexpr std::string_view kReservedTopics = "$esc/";

void check_topic(const Loading& in, const Section& section, const RouteConfig& route) {
  const auto place = [&] { return in.reader.where(section, "topic"); };
  if (route.topic.size() > in.config.limits.max_topic_bytes) {
    in.reader.problem(
        place(),
        "topic " + in_quotes(route.topic) + " has " + std::to_string(route.topic.size()) + " bytes",
        "limits.max_topic_bytes allows " + std::to_string(in.config.limits.max_topic_bytes));
  }
  if (route.topic.starts_with(kReservedTopics)) {
    in.reader.problem(place(), "topic " + in_quotes(route.topic) + " is reserved",
                      "topics under $esc/ are the protocol's own; choose another");
  }
  if (const auto bad = pattern_problem(route.topic)) {
    in.reader.problem(place(), "topic " + in_quotes(route.topic) + " " + bad->what, bad->fix);
  }
}

void check_handler(const Loading& in, const Section& section, const RouteConfig& route) {
  if (route.handler.empty() ||
      std::ranges::find(in.known_handlers, route.handler) != in.known_handlers.end()) {
    return;
  }
  const auto meant = nearest(route.handler, in.known_handlers);
  in.reader.problem(in.reader.where(section, "handler"),
                    "unknown handler " + in_quotes(route.handler),
                    meant ? "did you mean '" + std::string(*meant) + "'?"
                          : "there are: " + joined(in.known_handlers));
}

void check_spread(const Loading& in, const Section& section, const RouteConfig& route) {
  const bool has_worker = in.reader.has(section, "worker");
  if (route.spread == Spread::kWorker && !has_worker) {
    in.reader.problem(in.reader.where(section, "spread"), "spread = \"worker\" names no worker",
                      "add for example: worker = 0");
  } else if (route.spread != Spread::kWorker && has_worker) {
    in.reader.problem(in.reader.where(section, "worker"),
                      "'worker' has no effect with this 'spread'",
                      "remove it, or write spread = \"worker\"");
  } else if (has_worker && !in.config.lcores.workers.empty() &&
             route.worker >= in.config.lcores.workers.size()) {
    in.reader.problem(in.reader.where(section, "worker"),
                      "there is no worker " + std::to_string(route.worker),
                      "lcores.workers has " + std::to_string(in.config.lcores.workers.size()) +
                          ", counted from 0");
  }
}

void check_dedup(const Loading& in, const Section& section, const DedupConfig& dedup) {
  constexpr std::uint16_t kLongestId = 64;
  if (dedup.kind != DedupKind::kNone && in.config.deduplication.keyed_bytes == 0) {
    in.reader.problem(in.reader.where(section, "dedup"), "'dedup' has no memory to keep keys in",
                      "give it some, for example [deduplication] keyed_bytes = 268435456, or "
                      "remove 'dedup'");
  }
  if (dedup.kind == DedupKind::kNone) {
    for (const std::string_view key : {"dedup_offset", "dedup_bytes"}) {
      if (!in.reader.has(section, key)) continue;
      in.reader.problem(in.reader.where(section, key),
                        "'" + std::string(key) + "' has no effect without 'dedup'",
                        "remove it, or write dedup = \"payload-id\" or \"content\"");
    }
  } else if (dedup.kind == DedupKind::kPayloadId && !in.reader.has(section, "dedup_bytes")) {
    in.reader.problem(in.reader.where(section, "dedup"),
                      "dedup = \"payload-id\" does not say how long the id is",
                      "add for example: dedup_bytes = 16");
  } else if (dedup.kind == DedupKind::kPayloadId && dedup.bytes > kLongestId) {
    in.reader.problem(
        in.reader.where(section, "dedup_bytes"),
        "'dedup_bytes' is " + std::to_string(dedup.bytes) + " with dedup = \"payload-id\"",
        "give 1 to 64, or write dedup = \"content\"");
  }
}

/// Checks everything of a route except its topic.
void check_options(const Loading& in, const Section& section, const RouteConfig& route) {
  check_handler(in, section, route);
  check_spread(in, section, route);
  check_dedup(in, section, route.dedup);
}

/// Warns that the file asks for dead letters, which are not kept. Not for defaults: they ask for
/// nothing.
void warn_of_dead_letters(const Loading& in, std::string where, const std::string& what,
                          const std::string& reason) {
  if (in.config.dead_letters.kept()) return;
  in.warning(std::move(where), what + " keeps nothing: such events are dropped as '" + reason + "'",
             "name a dead_letters.directory");
}

void warn_of_routes(const Loading& in, const std::vector<Section>& sections) {
  std::size_t count = 0;
  std::size_t first = 0;
  for (std::size_t i = in.config.routes.size(); i-- != 0;) {
    if (in.config.routes[i].on_full != OnFull::kDeadLetter) continue;
    first = i;
    ++count;
  }
  if (count == 0) return;
  // A single warning, however many routes there are.
  const std::string others =
      count == 1 ? "" : " (here and in " + std::to_string(count - 1) + " more routes)";
  warn_of_dead_letters(in, in.reader.where(sections[first], "on_full"),
                       "on_full = \"dead-letter\"" + others, "worker_full");
}

/// Bounds the patterns, which cost memory and time that exact topics do not.
void check_wildcards(const Loading& in, const std::vector<Section>& sections) {
  std::vector<std::string_view> patterns;
  std::vector<const Section*> places;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const std::string& topic = in.config.routes[i].topic;
    if (!is_wildcard(topic)) continue;
    patterns.push_back(topic);
    places.push_back(&sections[i]);
  }
  if (patterns.size() > kMaxWildcards) {
    in.reader.problem(in.reader.where(*places[kMaxWildcards], "topic"),
                      "there are " + std::to_string(patterns.size()) + " topics with wildcards",
                      "have at most " + std::to_string(kMaxWildcards));
    return;
  }
  const MatchCost cost = match_cost(patterns);
  if (cost.steps <= kMaxMatchSteps) return;
  in.reader.problem(in.reader.where(*places[cost.pattern], "topic"),
                    "one topic may match the beginnings of " + std::to_string(cost.steps) +
                        " wildcard topics, many near " + in_quotes(patterns[cost.pattern]),
                    "have fewer that differ in '+' and a word at one level; the bound is " +
                        std::to_string(kMaxMatchSteps));
}

}  // namespace

void load_default_route(const Loading& in, const SectionSpec& spec) {
  RoutingConfig& routing = in.config.routing;
  const Section section = in.reader.known_section(kRoutingSection);
  const Section fallback = in.reader.section(spec);
  const bool wanted = routing.unknown_topic == UnknownTopic::kRoute;
  if (wanted && fallback.table == nullptr) {
    in.reader.problem(in.reader.where(section, "unknown_topic"),
                      "unknown_topic = \"route\" needs a [default_route]",
                      "add one with a handler");
  } else if (!wanted && fallback.table != nullptr) {
    in.reader.problem(in.reader.where(fallback, ""), "[default_route] has no effect",
                      "remove it, or write unknown_topic = \"route\" in [routing]");
  } else if (wanted) {
    in.reader.read_rows(fallback, &routing.default_route.emplace());
    check_options(in, fallback, *routing.default_route);
  }
  if (routing.default_route && routing.default_route->on_full == OnFull::kDeadLetter) {
    warn_of_dead_letters(in, in.reader.where(fallback, "on_full"), "on_full = \"dead-letter\"",
                         "worker_full");
  }
  if (in.reader.has(section, "unknown_topic") &&
      routing.unknown_topic == UnknownTopic::kDeadLetter) {
    warn_of_dead_letters(in, in.reader.where(section, "unknown_topic"),
                         "unknown_topic = \"dead-letter\"", "unknown_topic");
  }
}

void load_routes(const Loading& in, const SectionSpec& spec) {
  const std::vector<Section> sections = in.reader.sections(spec);
  if (sections.empty() && !in.config.routing.default_route) {
    in.warning(in.config.file, "there is no [[route]]: every event is of an unknown topic",
               "add a [[route]] with a topic and a handler");
  }
  if (sections.size() > in.config.limits.max_routes) {
    in.reader.problem(in.reader.where(sections[in.config.limits.max_routes], ""),
                      "there are " + std::to_string(sections.size()) +
                          " [[route]], limits.max_routes is " +
                          std::to_string(in.config.limits.max_routes),
                      "raise limits.max_routes or remove some");
  }
  std::unordered_map<std::string, const Section*> topics;
  in.config.routes.reserve(sections.size());
  for (const Section& section : sections) {
    RouteConfig route;
    in.reader.read_rows(section, &route);
    check_topic(in, section, route);
    if (!route.topic.empty()) {
      const auto [first, is_new] = topics.emplace(route.topic, &section);
      if (!is_new) {
        in.reader.problem(in.reader.where(section, "topic"),
                          "topic " + in_quotes(route.topic) + " has a route already, at " +
                              in.reader.where(*first->second, "topic"),
                          "remove one of the two");
      }
    }
    check_options(in, section, route);
    in.config.topic_places.push_back(in.reader.keep_place(section, "topic"));
    in.config.worker_places.push_back(in.reader.keep_place(section, "worker"));
    in.config.routes.push_back(std::move(route));
  }
  check_wildcards(in, sections);
  warn_of_routes(in, sections);
}

}  // namespace esc::config
