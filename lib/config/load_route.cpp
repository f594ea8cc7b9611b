// [[route]].
#include <algorithm>
#include <unordered_map>

#include "config/loading.hpp"
#include "config/text.hpp"

namespace esc::config {
namespace {

constexpr std::string_view kReservedTopics = "$esc/";

void read_topic(const Loading& in, const Section& section, RouteConfig& route) {
  in.reader.read(section, "topic", route.topic);
  const std::string place = in.reader.where(section, "topic");
  if (route.topic.size() > in.config.limits.max_topic_bytes) {
    in.reader.problem(
        place,
        "topic " + in_quotes(route.topic) + " has " + std::to_string(route.topic.size()) + " bytes",
        "limits.max_topic_bytes allows " + std::to_string(in.config.limits.max_topic_bytes));
  }
  if (route.topic.starts_with(kReservedTopics)) {
    in.reader.problem(place, "topic " + in_quotes(route.topic) + " is reserved",
                      "topics under $esc/ are the protocol's own; choose another");
  }
  if (route.topic.find_first_of("+#") != std::string::npos) {
    in.reader.problem(place, "topic " + in_quotes(route.topic) + " holds '+' or '#'",
                      "wildcards are not supported yet; write a route for each topic");
  }
}

void read_handler(const Loading& in, const Section& section, RouteConfig& route) {
  in.reader.read(section, "handler", route.handler);
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

void read_spread(const Loading& in, const Section& section, RouteConfig& route) {
  in.reader.read(section, "spread", route.spread);
  in.reader.read(section, "worker", route.worker);
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

}  // namespace

void read_routes(const Loading& in) {
  const std::vector<Section> sections = in.reader.sections("route");
  if (sections.empty()) {
    in.warning(in.config.file,
               "there is no [[route]]: every event will be dropped as unknown_topic",
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
    read_topic(in, section, route);
    if (!route.topic.empty()) {
      const auto [first, is_new] = topics.emplace(route.topic, &section);
      if (!is_new) {
        in.reader.problem(in.reader.where(section, "topic"),
                          "topic " + in_quotes(route.topic) + " has a route already, at " +
                              in.reader.where(*first->second, "topic"),
                          "remove one of the two");
      }
    }
    read_handler(in, section, route);
    read_spread(in, section, route);
    in.config.routes.push_back(std::move(route));
  }
}

}  // namespace esc::config
