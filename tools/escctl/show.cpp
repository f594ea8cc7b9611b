// SPDX-License-Identifier: BSD-3-Clause
#include "escctl/show.hpp"

#include <algorithm>

#include "escctl/format.hpp"

namespace esc::ctl {
namespace {

using nlohmann::ordered_json;

// A document that is one list under one name: the table alone.
std::string show_list(const ordered_json& result, const char* name) {
  const auto list = result.find(name);
  if (list == result.end() || !list->is_array()) return show_tree(result);
  std::string out = list->empty() ? "no " + std::string(name) + "\n" : show_tree(*list);
  ordered_json rest = result;
  rest.erase(name);
  if (!rest.empty()) out += "\n" + show_tree(rest);
  return out;
}

std::string show_plan(const ordered_json& result) {
  const auto text = result.find("text");
  if (text == result.end() || !text->is_string()) return show_tree(result);
  const auto& lines = text->get_ref<const std::string&>();
  std::string out;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    out += safe(std::string_view(lines).substr(at, end - at)) + '\n';
    at = end + 1;
  }
  return out;
}

// Shows several pipelines one below the other; side by side they would take fifty columns.
std::string show_pressure(const ordered_json& result) {
  const auto pipelines = result.find("pipelines");
  if (pipelines == result.end() || !pipelines->is_array()) return show_tree(result);
  std::string out;
  for (std::size_t i = 0; i < pipelines->size(); ++i) {
    ordered_json one = (*pipelines)[i];
    if (one.is_object()) one.erase("pipeline");
    out += (i == 0 ? "pipeline " : "\npipeline ") + std::to_string(i) + "\n" + show_tree(one);
  }
  ordered_json rest = result;
  rest.erase("pipelines");
  if (!rest.empty()) out += "\n" + show_tree(rest);
  return out;
}

// A single pipeline's ledger is the whole.
std::string show_ledger(ordered_json result) {
  const auto pipelines = result.find("pipelines");
  if (pipelines != result.end() && pipelines->is_array() && pipelines->size() <= 1)
    result.erase(pipelines);
  return show_tree(result);
}

// As it came: it is for a program, and escd has made it printable.
std::string show_text(const ordered_json& result) {
  const auto text = result.find("text");
  if (text == result.end() || !text->is_string()) return show_tree(result);
  return text->get<std::string>();
}

const ordered_json& checks_of(const ordered_json& health) {
  static const ordered_json none = ordered_json::array();
  const auto checks = health.find("checks");
  return checks != health.end() && checks->is_array() ? *checks : none;
}

bool passed(const ordered_json& check) {
  const auto ok = check.find("ok");
  return check.is_object() && ok != check.end() && ok->is_boolean() && ok->get<bool>();
}

std::string field(const ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? "" : cell(key, *found);
}

std::string show_health(const ordered_json& result) {
  const ordered_json& checks = checks_of(result);
  std::size_t name_width = 0;
  for (const auto& check : checks) name_width = std::max(name_width, field(check, "name").size());
  std::string out;
  std::size_t failed = 0;
  for (const auto& check : checks) {
    failed += passed(check) ? 0 : 1;
    const std::string name = field(check, "name");
    std::string line = (passed(check) ? "ok      " : "FAILED  ") + name;
    line += std::string(name_width - name.size() + 2, ' ') + field(check, "detail");
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  if (is_healthy(result)) return out + "healthy\n";
  return out + "not healthy: " + std::to_string(failed) + " of " + std::to_string(checks.size()) +
         " checks failed\n";
}

}  // namespace

bool is_healthy(const ordered_json& health) {
  const auto verdict = health.find("healthy");
  const ordered_json& checks = checks_of(health);
  return verdict != health.end() && verdict->is_boolean() && verdict->get<bool>() &&
         std::all_of(checks.begin(), checks.end(), passed);
}

std::string show(std::string_view command, const ordered_json& result) {
  if (!result.is_object()) return show_tree(result);
  if (command == "plan") return show_plan(result);
  if (command == "health") return show_health(result);
  if (command == "pressure") return show_pressure(result);
  if (command == "ledger") return show_ledger(result);
  if (command == "metrics") return show_text(result);
  if (command == "topics" || command == "lcores" || command == "ports" || command == "producers" ||
      command == "connections" || command == "routes") {
    return show_list(result, std::string(command).c_str());
  }
  return show_tree(result);
}

}  // namespace esc::ctl
