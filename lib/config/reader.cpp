// SPDX-License-Identifier: BSD-3-Clause
#include "config/reader.hpp"

#include <algorithm>

#include "base/number.hpp"
#include "config/text.hpp"

namespace esc::config {
namespace {

// Routes may be a million: their places are known while loading, and not kept.
bool is_recorded(std::string_view section) {
  return section != "route" && section != "producer";
}

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a float";
    case toml::node_type::boolean:
      return "a boolean";
    default:
      return "a date or time";
  }
}

std::string element(std::string_view key, std::size_t index) {
  return std::string(key) + "[" + std::to_string(index) + "]";
}

// "'udp_ports[1]'"
std::string label_of(const KeySpec& spec, std::optional<std::size_t> index) {
  return "'" + (index ? element(spec.key, *index) : std::string(spec.key)) + "'";
}

std::optional<std::uint64_t> parse_unsigned64(std::string_view text) {
  return text.starts_with("0x") ? parse_hex(text.substr(2)) : parse_whole(text);
}

std::string number_bounds(const KeySpec& spec) {
  KeySpec bare = spec;
  bare.type = KeyType::kInteger;
  bare.rule = {};
  return bounds_text(bare);
}

std::vector<std::string_view> keys_of(std::string_view section) {
  std::vector<std::string_view> names;
  for (const KeySpec& spec : all_keys()) {
    if (spec.section == section) names.push_back(spec.key);
  }
  if (section.empty()) {
    for (const SectionSpec& spec : all_sections()) {
      if (!spec.name.empty()) names.push_back(spec.name);
    }
  }
  return names;
}

std::string advice_for(std::string_view key, std::string_view section) {
  const std::vector<std::string_view> names = keys_of(section);
  if (const auto meant = nearest(key, names)) return "did you mean '" + std::string(*meant) + "'?";
  for (const KeySpec& spec : all_keys()) {
    if (spec.key == key) return "it belongs to " + section_text(spec.section);
  }
  return "known here: " + joined(names);
}

}  // namespace

void Reader::problem(std::string where, std::string what, std::string fix) {
  if (++found_ > kMaxProblems) return;
  problems_.push_back({std::move(where), std::move(what), std::move(fix)});
}

Section Reader::section(std::string_view name) {
  if (name.empty()) return {name, "", &document_.root()};
  const toml::node* node = document_.root().get(name);
  if (node == nullptr) return {name, std::string(name), nullptr};
  const std::string place = document_.where(name, node->source());
  config_.sources.emplace(name, place);
  if (!node->is_table()) {
    problem(place,
            "'" + std::string(name) + "' must be a table, not " + std::string(type_name(*node)),
            "write " + section_text(name) + " once");
  }
  return {name, std::string(name), node->as_table()};
}

std::vector<Section> Reader::sections(std::string_view name) {
  const toml::node* node = document_.root().get(name);
  if (node == nullptr) return {};
  const SectionSpec& spec = *find_section(name);
  const toml::array* tables = node->as_array();
  std::vector<Section> result;
  if (tables == nullptr) {
    problem(document_.where(name, node->source()),
            "'" + std::string(name) + "' must be an array of tables, not " +
                std::string(type_name(*node)),
            "write " + section_text(name) + " for each");
    return result;
  }
  for (std::size_t i = 0; i < tables->size(); ++i) {
    const toml::node& item = *tables->get(i);
    std::string path = element(name, i);
    const auto place = [&] { return document_.where(path, item.source()); };
    if (i == static_cast<std::size_t>(spec.max_count)) {
      problem(place(), "there are " + std::to_string(tables->size()) + " " + section_text(name),
              "have at most " + std::to_string(spec.max_count));
    }
    if (!item.is_table()) {
      problem(place(), "'" + path + "' must be a table, not " + std::string(type_name(item)),
              "write " + section_text(name) + " for each");
      continue;
    }
    if (is_recorded(name)) config_.sources.emplace(path, place());
    result.push_back({name, std::move(path), item.as_table()});
  }
  return result;
}

void Reader::report_unknown_keys() {
  report_unknown_keys(section(""));
  for (const SectionSpec& spec : all_sections()) {
    if (spec.name.empty()) continue;
    const toml::node* node = document_.root().get(spec.name);
    if (node == nullptr) continue;
    if (const toml::table* table = node->as_table()) {
      report_unknown_keys({spec.name, std::string(spec.name), table});
    } else if (const toml::array* tables = node->as_array()) {
      for (std::size_t i = 0; i < tables->size(); ++i) {
        report_unknown_keys({spec.name, element(spec.name, i), tables->get(i)->as_table()});
      }
    }
  }
}

void Reader::report_unknown_keys(const Section& in) {
  if (in.table == nullptr) return;
  for (auto&& [key, node] : *in.table) {
    const std::string_view name = key.str();
    if (find_key(in.name, name) != nullptr) continue;
    if (in.path.empty() && find_section(name) != nullptr && !name.empty()) continue;
    if (found_ >= kMaxProblems) {
      ++found_;  // without its text: a file of another kind may have millions
      continue;
    }
    const bool is_table = in.path.empty() && (node.is_table() || node.is_array_of_tables());
    problem(document_.where(in.key_path(name), key.source()),
            is_table ? "unknown table [" + printable(name) + "]"
                     : "unknown key " + in_quotes(name) + (in.path.empty() ? " at " : " in ") +
                           section_text(in.name),
            advice_for(name, in.name));
  }
}

const toml::node* Reader::value(const Section& in, const KeySpec& spec) {
  const toml::node* node = in.table == nullptr ? nullptr : in.table->get(spec.key);
  if (node != nullptr) {
    if (is_recorded(in.name)) {
      config_.sources.emplace(in.key_path(spec.key), where(in, spec.key));
    }
    return node;
  }
  if (spec.required) {
    problem(section_where(in),
            "'" + std::string(spec.key) + "' is missing in " + section_text(in.name),
            "add for example: " + std::string(spec.example));
  }
  return nullptr;
}

void Reader::wrong_type(const Section& in, const KeySpec& spec, const toml::node& node) {
  problem(where(in, spec.key),
          "'" + std::string(spec.key) + "' must be " + type_text(spec) + ", not " +
              std::string(type_name(node)),
          "write for example: " + std::string(spec.example));
}

void Reader::record(const Section& in, std::string_view key, std::size_t index) {
  if (!is_recorded(in.name)) return;
  config_.sources.emplace(element(in.key_path(key), index), where(in, key, index));
}

bool Reader::in_bounds(const Section& in, const KeySpec& spec, std::int64_t number,
                       std::optional<std::size_t> index) {
  const bool in_range = number >= spec.min && number <= spec.max;
  const bool is_power = !spec.power_of_two || (number > 0 && (number & (number - 1)) == 0);
  if ((in_range && is_power) || (spec.zero_too && number == 0)) return true;
  problem(place_of(in, spec, index), label_of(spec, index) + " is " + std::to_string(number),
          "give " + number_bounds(spec));
  return false;
}

bool Reader::sound_text(const Section& in, const KeySpec& spec, const std::string& text,
                        std::optional<std::size_t> index) {
  const auto bytes = static_cast<std::int64_t>(text.size());
  if (bytes < spec.min || bytes > spec.max) {
    problem(place_of(in, spec, index),
            label_of(spec, index) + " has " + std::to_string(bytes) + " bytes",
            "give " + number_bounds(spec) + " bytes");
    return false;
  }
  if (!has_control_character(text)) return true;
  problem(place_of(in, spec, index),
          label_of(spec, index) + " holds a control character: " + in_quotes(text), "remove it");
  return false;
}

std::optional<std::int64_t> Reader::integer(const Section& in, std::string_view key) {
  const KeySpec& spec = *find_key(in.name, key);
  const toml::node* node = value(in, spec);
  if (node == nullptr) return std::nullopt;
  const auto* number = node->as_integer();
  if (number == nullptr) {
    wrong_type(in, spec, *node);
    return std::nullopt;
  }
  if (!in_bounds(in, spec, number->get(), std::nullopt)) return std::nullopt;
  return number->get();
}

std::optional<std::uint64_t> Reader::unsigned64(const Section& in, std::string_view key) {
  const KeySpec& spec = *find_key(in.name, key);
  const toml::node* node = value(in, spec);
  if (node == nullptr) return std::nullopt;
  if (const auto* number = node->as_integer()) {
    if (number->get() >= 0) return static_cast<std::uint64_t>(number->get());
    problem(where(in, key), label_of(spec, {}) + " is " + std::to_string(number->get()),
            "give " + bounds_text(spec));
    return std::nullopt;
  }
  const auto* text = node->as_string();
  if (text == nullptr) {
    wrong_type(in, spec, *node);
    return std::nullopt;
  }
  const std::optional<std::uint64_t> number = parse_unsigned64(text->get());
  if (!number) {
    problem(where(in, key), label_of(spec, {}) + " is " + in_quotes(text->get()),
            "give " + bounds_text(spec));
  }
  return number;
}

std::optional<bool> Reader::boolean(const Section& in, std::string_view key) {
  const KeySpec& spec = *find_key(in.name, key);
  const toml::node* node = value(in, spec);
  if (node == nullptr) return std::nullopt;
  if (const auto* flag = node->as_boolean()) return flag->get();
  wrong_type(in, spec, *node);
  return std::nullopt;
}

std::optional<std::string> Reader::string(const Section& in, std::string_view key) {
  const KeySpec& spec = *find_key(in.name, key);
  const toml::node* node = value(in, spec);
  if (node == nullptr) return std::nullopt;
  const auto* text = node->as_string();
  if (text == nullptr) {
    wrong_type(in, spec, *node);
    return std::nullopt;
  }
  if (!sound_text(in, spec, text->get(), std::nullopt)) return std::nullopt;
  return text->get();
}

std::optional<std::size_t> Reader::choice(const Section& in, std::string_view key) {
  const KeySpec& spec = *find_key(in.name, key);
  const toml::node* node = value(in, spec);
  if (node == nullptr) return std::nullopt;
  if (const auto* flag = node->as_boolean();
      flag != nullptr && spec.type == KeyType::kChoiceOrBoolean) {
    return spec.choices.size() + (flag->get() ? 0 : 1);  // true and false follow the names
  }
  const auto* text = node->as_string();
  if (text == nullptr) {
    wrong_type(in, spec, *node);
    return std::nullopt;
  }
  const auto found = std::ranges::find(spec.choices, std::string_view(text->get()));
  if (found != spec.choices.end()) {
    return static_cast<std::size_t>(found - spec.choices.begin());
  }
  problem(where(in, key), "'" + std::string(key) + "' is " + in_quotes(text->get()),
          "use one of " + bounds_text(spec));
  return std::nullopt;
}

const toml::array* Reader::array(const Section& in, const KeySpec& spec) {
  const toml::node* node = value(in, spec);
  if (node == nullptr) return nullptr;
  const toml::array* list = node->as_array();
  if (list == nullptr) {
    wrong_type(in, spec, *node);
    return nullptr;
  }
  const auto count = static_cast<std::int64_t>(list->size());
  if (count < spec.min_items || count > spec.max_items) {
    problem(where(in, spec.key),
            "'" + std::string(spec.key) + "' has " + std::to_string(count) + " entries",
            "give " +
                (spec.min_items == spec.max_items ? "" : std::to_string(spec.min_items) + " to ") +
                std::to_string(spec.max_items));
    return nullptr;
  }
  return list;
}

std::vector<std::int64_t> Reader::integers(const Section& in, std::string_view key) {
  const KeySpec& spec = *find_key(in.name, key);
  std::vector<std::int64_t> result;
  // A list of one may be written without brackets.
  if (has(in, key) && spec.min_items <= 1 && in.table->get(key)->is_integer()) {
    const std::int64_t number = in.table->get(key)->as_integer()->get();
    if (value(in, spec) == nullptr) return {};
    if (in_bounds(in, spec, number, std::nullopt)) result.push_back(number);
    return result;
  }
  const toml::array* list = array(in, spec);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto* number = list->get(i)->as_integer();
    if (number == nullptr) {
      wrong_type(in, spec, *list);
      return {};
    }
    if (!in_bounds(in, spec, number->get(), i)) return {};
    record(in, key, i);
    result.push_back(number->get());
  }
  return result;
}

std::vector<std::string> Reader::strings(const Section& in, std::string_view key) {
  const KeySpec& spec = *find_key(in.name, key);
  std::vector<std::string> result;
  const toml::array* list = array(in, spec);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto* text = list->get(i)->as_string();
    if (text == nullptr) {
      wrong_type(in, spec, *list);
      return {};
    }
    if (!sound_text(in, spec, text->get(), i)) return {};
    record(in, key, i);
    result.push_back(text->get());
  }
  return result;
}

bool Reader::has(const Section& in, std::string_view key) const {
  return in.table != nullptr && in.table->contains(key);
}

std::string Reader::place_of(const Section& in, const KeySpec& spec,
                             std::optional<std::size_t> index) const {
  return index ? where(in, spec.key, *index) : where(in, spec.key);
}

std::string Reader::section_where(const Section& in) const {
  // The top level is the whole file.
  if (in.table == nullptr || in.path.empty()) return document_.file();
  return document_.where(in.path, in.table->source());
}

std::string Reader::where(const Section& in, std::string_view key) const {
  if (!has(in, key)) return section_where(in);
  return document_.where(in.key_path(key), in.table->get(key)->source());
}

FilePlace Reader::keep_place(const Section& in, std::string_view key) {
  if (!has(in, key)) return {};
  if (const std::string* set = document_.override_of(in.key_path(key))) {
    config_.sources.emplace(in.key_path(key), *set);
    return {};
  }
  const toml::source_position& begin = in.table->get(key)->source().begin;
  return {static_cast<std::uint32_t>(begin.line), static_cast<std::uint32_t>(begin.column)};
}

std::string Reader::where(const Section& in, std::string_view key, std::size_t index) const {
  const toml::array* list = has(in, key) ? in.table->get(key)->as_array() : nullptr;
  if (list == nullptr || index >= list->size()) return where(in, key);
  return document_.where(element(in.key_path(key), index), list->get(index)->source());
}

}  // namespace esc::config
