// SPDX-License-Identifier: BSD-3-Clause
#include "config/reader.hpp"

#include <algorithm>

#include "config/entry.hpp"
#include "config/sections.hpp"
#include "config/text.hpp"

namespace esc::config {
namespace {

// There may be a million routes: their places are known while loading, but are not kept.
bool is_recorded(const SectionSpec& section) {
  constexpr std::int64_t kMostTables = 1'000;
  return section.max_count <= kMostTables;
}

std::vector<std::string_view> keys_of(const SectionSpec& section) {
  std::vector<std::string_view> names;
  for (const KeySpec& spec : section.keys) names.push_back(spec.key);
  if (section.name.empty()) {
    for (const SectionSpec& spec : all_sections()) {
      if (!spec.name.empty()) names.push_back(spec.name);
    }
  }
  return names;
}

std::string advice_for(std::string_view key, const SectionSpec& section) {
  const std::vector<std::string_view> names = keys_of(section);
  if (const auto meant = nearest(key, names)) return "did you mean '" + std::string(*meant) + "'?";
  for (const KeySpec& spec : all_keys()) {
    if (spec.key == key) return "it belongs to " + section_text(spec.section);
  }
  return "known here: " + joined(names);
}

}  // namespace

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

void Reader::problem(std::string where, std::string what, std::string fix) {
  if (++found_ > kMaxProblems) return;
  problems_.push_back({std::move(where), std::move(what), std::move(fix)});
}

Section Reader::known_section(const SectionSpec& spec) const {
  if (spec.name.empty()) return {&spec, "", &document_.root()};
  const toml::node* node = document_.root().get(spec.name);
  return {&spec, std::string(spec.name), node == nullptr ? nullptr : node->as_table()};
}

Section Reader::section(const SectionSpec& spec) {
  const toml::node* node = spec.name.empty() ? nullptr : document_.root().get(spec.name);
  if (node != nullptr) {
    const std::string place = document_.where(spec.name, node->source());
    config_.sources.emplace(spec.name, place);
    if (!node->is_table()) {
      problem(
          place,
          "'" + std::string(spec.name) + "' must be a table, not " + std::string(type_name(*node)),
          "write " + section_text(spec.name) + " once");
    }
  }
  return known_section(spec);
}

std::vector<Section> Reader::sections(const SectionSpec& spec) {
  const toml::node* node = document_.root().get(spec.name);
  if (node == nullptr) return {};
  const toml::array* tables = node->as_array();
  std::vector<Section> result;
  if (tables == nullptr) {
    problem(document_.where(spec.name, node->source()),
            "'" + std::string(spec.name) + "' must be an array of tables, not " +
                std::string(type_name(*node)),
            "write " + section_text(spec.name) + " for each");
    return result;
  }
  for (std::size_t i = 0; i < tables->size(); ++i) {
    const toml::node& item = *tables->get(i);
    std::string path = element(spec.name, i);
    const auto place = [&] { return document_.where(path, item.source()); };
    if (i == static_cast<std::size_t>(spec.max_count)) {
      problem(place(),
              "there are " + std::to_string(tables->size()) + " " + section_text(spec.name),
              "have at most " + std::to_string(spec.max_count));
    }
    if (!item.is_table()) {
      problem(place(), "'" + path + "' must be a table, not " + std::string(type_name(item)),
              "write " + section_text(spec.name) + " for each");
      continue;
    }
    if (is_recorded(spec)) config_.sources.emplace(path, place());
    result.push_back({&spec, std::move(path), item.as_table()});
  }
  return result;
}

void Reader::report_unknown_keys() {
  report_unknown_keys(known_section(kTopSection));
  for (const SectionSpec& spec : all_sections()) {
    if (spec.name.empty()) continue;
    const toml::node* node = document_.root().get(spec.name);
    if (node == nullptr) continue;
    if (const toml::table* table = node->as_table()) {
      report_unknown_keys({&spec, std::string(spec.name), table});
    } else if (const toml::array* tables = node->as_array()) {
      for (std::size_t i = 0; i < tables->size(); ++i) {
        report_unknown_keys({&spec, element(spec.name, i), tables->get(i)->as_table()});
      }
    }
  }
}

void Reader::report_unknown_keys(const Section& in) {
  if (in.table == nullptr) return;
  for (auto&& [key, node] : *in.table) {
    const std::string_view name = key.str();
    if (find_key(*in.spec, name) != nullptr) continue;
    if (in.path.empty() && find_section(name) != nullptr && !name.empty()) continue;
    if (found_ >= kMaxProblems) {
      ++found_;  // without its text: a file of another kind may have millions
      continue;
    }
    const bool is_table = in.path.empty() && (node.is_table() || node.is_array_of_tables());
    problem(document_.where(in.key_path(name), key.source()),
            is_table ? "unknown table [" + printable(name) + "]"
                     : "unknown key " + in_quotes(name) + (in.path.empty() ? " at " : " in ") +
                           section_text(in.spec->name),
            advice_for(name, *in.spec));
  }
}

void Reader::read_rows(const Section& in, void* object) {
  unsound_.clear();
  for (const KeySpec& spec : in.spec->keys) {
    const std::size_t found = found_;
    spec.binding.read(Entry(*this, in, spec), object);
    if (found_ != found) unsound_.push_back(spec.key);
  }
}

bool Reader::sound(std::string_view key) const {
  return std::ranges::find(unsound_, key) == unsound_.end();
}

const toml::node* Reader::value(const Section& in, const KeySpec& spec) {
  const toml::node* node = in.table == nullptr ? nullptr : in.table->get(spec.key);
  if (node != nullptr) {
    if (is_recorded(*in.spec)) {
      config_.sources.emplace(in.key_path(spec.key), where(in, spec.key));
    }
    return node;
  }
  if (spec.required) {
    problem(section_where(in),
            "'" + std::string(spec.key) + "' is missing in " + section_text(in.spec->name),
            "add for example: " + std::string(spec.example));
  }
  return nullptr;
}

void Reader::record(const Section& in, std::string_view key, std::size_t index) {
  if (!is_recorded(*in.spec)) return;
  config_.sources.emplace(element(in.key_path(key), index), where(in, key, index));
}

bool Reader::has(const Section& in, std::string_view key) const {
  return in.table != nullptr && in.table->contains(key);
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
