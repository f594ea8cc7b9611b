// SPDX-License-Identifier: BSD-3-Clause
#include "config/document.hpp"

#include <algorithm>
#include <optional>

#include "base/number.hpp"
#include "config/shape.hpp"
#include "config/text.hpp"
#include "topology/memory.hpp"

namespace esc::config {
namespace {

std::string place_text(std::string_view file, const toml::source_position& position) {
  return std::string(file) + ":" + std::to_string(position.line) + ":" +
         std::to_string(position.column);
}

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

// Whether a value that is not TOML can only be meant as a string, as net_null0,size=64.
bool is_plain_word(std::string_view text) {
  return !text.empty() && !has_control_character(text) &&
         text.find_first_of("\"'[]{}\\") == std::string_view::npos;
}

// The value as the table {v = value}; nullopt if it is neither TOML nor a plain word.
std::optional<toml::table> parse_value(std::string_view value) {
  if (has_control_character(value)) return std::nullopt;  // a line break would smuggle in more keys
  if (!shape_of(value).problem.empty()) return std::nullopt;
  try {
    return toml::parse(std::string("v = ").append(value));
  } catch (const toml::parse_error&) {
    if (!is_plain_word(value)) return std::nullopt;
    toml::table table;
    table.insert("v", std::string(value));
    return table;
  }
}

// Why the parser must not be given this text: it would run out of stack or memory. nullopt: it may.
std::optional<Problem> unfit(std::string_view text, const std::string& file) {
  const Shape shape = shape_of(text);
  if (!shape.problem.empty()) {
    return Problem{file + ":" + std::to_string(shape.line), "no configuration: " + shape.problem,
                   "correct the line"};
  }
  const std::uint64_t wanted = std::uint64_t{shape.items} * kItemBytes + text.size();
  const std::uint64_t available = topology::available_bytes({}).value_or(wanted);
  if (wanted <= available) return std::nullopt;
  return Problem{file,
                 "to read it takes about " + std::to_string(wanted >> 20U) + " MiB of memory, " +
                     std::to_string(available >> 20U) + " MiB are to be had",
                 "give the machine more memory, or the file fewer keys"};
}

}  // namespace

struct Document::Step {
  std::string name;
  std::optional<std::size_t> index;
};

std::string_view outer(std::string_view path) noexcept {
  const std::size_t cut = path.find_last_of(".[");
  return cut == std::string_view::npos ? std::string_view() : path.substr(0, cut);
}

const std::string* Document::override_of(std::string_view path) const {
  for (std::string_view at = path; !at.empty(); at = outer(at)) {
    const auto found = overridden_.find(at);
    if (found != overridden_.end()) return &found->second;
  }
  return nullptr;
}

std::string Document::where(std::string_view path, const toml::source_region& region) const {
  if (const std::string* set = override_of(path)) return *set;
  return region.begin ? place_text(file_, region.begin) : file_;
}

std::variant<Document, std::vector<Problem>> Document::parse(std::string_view text,
                                                             std::string_view name,
                                                             const std::vector<std::string>& sets) {
  Document document;
  document.file_ = printable(name);
  if (auto problem = unfit(text, document.file_)) return std::vector<Problem>{std::move(*problem)};
  try {
    document.root_ = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return std::vector<Problem>{{place_text(document.file_, error.source().begin),
                                 "not valid TOML: " + printable(error.description()),
                                 "correct the line"}};
  }
  std::vector<Problem> problems;
  for (const std::string& set : sets) {
    for (Problem& problem : document.apply(set)) problems.push_back(std::move(problem));
  }
  if (!problems.empty()) return problems;
  return document;
}

// "port[0].udp_ports" -> {port, 0}, {udp_ports}
std::variant<std::vector<Document::Step>, Problem> Document::parse_path(const std::string& set,
                                                                        std::string_view path) {
  const Problem bad{"--set " + printable(set), "is not key=value",
                    "write for example --set lcores.idle=busy or --set port[0].rx_queues=2"};
  std::vector<Step> steps;
  while (true) {
    const std::size_t dot = path.find('.');
    std::string_view item = path.substr(0, dot);
    Step step;
    if (item.ends_with(']')) {
      const std::size_t open = item.find('[');
      if (open == std::string_view::npos) return bad;
      const auto index = parse_whole(item.substr(open + 1, item.size() - open - 2));
      if (!index) return bad;
      step.index = *index;
      item = item.substr(0, open);
    }
    if (item.empty() || !std::ranges::all_of(item, is_key_character)) return bad;
    step.name = item;
    steps.push_back(std::move(step));
    if (dot == std::string_view::npos) return steps;
    if (steps.size() == kMaxKeyParts) return bad;
    path.remove_prefix(dot + 1);
  }
}

// The table that holds the last step of the path. Makes tables that are missing on the way; an
// array of tables grows by one at most.
std::variant<toml::table*, Problem> Document::descend(const std::string& place,
                                                      const std::vector<Step>& steps) {
  toml::table* at = &root_;
  std::string path;
  for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
    const Step& step = steps[i];
    if (!path.empty()) path += '.';
    path += step.name;
    if (at->get(step.name) == nullptr) {
      if (step.index) {
        at->insert(step.name, toml::array{});
      } else {
        at->insert(step.name, toml::table{});
        overridden_.emplace(path, place);
      }
    }
    toml::node* node = at->get(step.name);
    if (step.index) {
      toml::array* array = node->as_array();
      if (array == nullptr || *step.index > array->size()) {
        return Problem{place, path + "[" + std::to_string(*step.index) + "] does not exist",
                       "the next new one is " + path + "[" +
                           std::to_string(array == nullptr ? 0 : array->size()) + "]"};
      }
      path += "[" + std::to_string(*step.index) + "]";
      if (*step.index == array->size()) {
        array->push_back(toml::table{});
        overridden_.emplace(path, place);
      }
      node = array->get(*step.index);
    }
    at = node->as_table();
    if (at == nullptr) {
      return Problem{place, path + " is not a table",
                     "an element of an array of tables is named like port[0]"};
    }
  }
  return at;
}

std::vector<Problem> Document::apply(const std::string& set) {
  const std::string place = "--set " + printable(set);
  const std::size_t equals = set.find('=');
  auto parsed = parse_path(set, std::string_view(set).substr(0, std::min(equals, set.size())));
  if (const auto* problem = std::get_if<Problem>(&parsed)) return {*problem};
  const auto& steps = std::get<std::vector<Step>>(parsed);
  if (equals == std::string::npos || steps.back().index) {
    return {{place, "is not key=value", "set the whole array, for example --set lcores.rx=[0,1]"}};
  }
  std::optional<toml::table> value = parse_value(std::string_view(set).substr(equals + 1));
  if (!value || value->size() != 1 || value->get("v") == nullptr) {
    return {{place, "the value is not valid TOML",
             "write a number, true, \"text\", a plain word or [1,2]; mind the shell's quotes"}};
  }
  auto table = descend(place, steps);
  if (const auto* problem = std::get_if<Problem>(&table)) return {*problem};
  std::get<toml::table*>(table)->insert_or_assign(steps.back().name, std::move(*value->get("v")));
  overridden_.insert_or_assign(set.substr(0, equals), place);
  return {};
}

}  // namespace esc::config
