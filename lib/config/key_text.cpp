// SPDX-License-Identifier: BSD-3-Clause
// The key table in words: for error messages and for the reference page.
#include "config/keys.hpp"

namespace esc::config {
namespace {

std::string range_text(const KeySpec& spec) {
  std::string text = std::to_string(spec.min) + " to " + std::to_string(spec.max);
  if (spec.power_of_two) text = "a power of two from " + text;
  if (spec.zero_too) text = "0, or " + text;
  return text;
}

std::string choices_text(const KeySpec& spec) {
  std::string text;
  for (const std::string_view choice : spec.choices) {
    if (!text.empty()) text += ", ";
    text += '"' + std::string(choice) + '"';
  }
  if (spec.type == KeyType::kChoiceOrBoolean) text += ", true, false";
  return text;
}

std::string items_text(const KeySpec& spec) {
  if (spec.min_items == spec.max_items) return std::to_string(spec.min_items) + " of them";
  return std::to_string(spec.min_items) + " to " + std::to_string(spec.max_items) + " of them";
}

std::string code(std::string_view text) {
  return "`" + std::string(text) + "`";
}

std::string default_cell(const KeySpec& spec) {
  if (spec.required) return "required";
  const std::string text = default_text(spec);
  return text.empty() ? "none" : code(text);
}

std::string reload_cell(const KeySpec& spec) {
  return spec.on_reload == OnReload::kTaken ? "yes" : "no";
}

std::string key_row(const KeySpec& spec) {
  return "| " + code(spec.key) + " | " + type_text(spec) + " | " + default_cell(spec) + " | " +
         bounds_text(spec) + " | " + reload_cell(spec) + " | " + std::string(spec.meaning) + " | " +
         code(spec.example) + " |\n";
}

}  // namespace

std::string default_text(const KeySpec& spec) {
  return spec.required || spec.no_default ? "" : spec.binding.default_text(spec);
}

std::string type_text(const KeySpec& spec) {
  switch (spec.type) {
    case KeyType::kString:
      return "a string";
    case KeyType::kStrings:
      return "an array of strings";
    case KeyType::kInteger:
      return "an integer";
    case KeyType::kIntegers:
      return "an array of integers";
    case KeyType::kUnsigned64:
      return "an integer, or a string with one";
    case KeyType::kBoolean:
      return "true or false";
    case KeyType::kChoice:
      return "a string";
    case KeyType::kChoiceOrBoolean:
      return "a string, or true or false";
    case KeyType::kByMember:
    case KeyType::kCount:
      break;
  }
  return {};
}

std::string bounds_text(const KeySpec& spec) {
  std::string text;
  switch (spec.type) {
    case KeyType::kString:
      text = range_text(spec) + " bytes";
      break;
    case KeyType::kStrings:
      text = items_text(spec) + ", each " + range_text(spec) + " bytes";
      break;
    case KeyType::kInteger:
      text = range_text(spec);
      break;
    case KeyType::kIntegers:
      text = items_text(spec) + ", each " + range_text(spec);
      break;
    case KeyType::kUnsigned64:
      text = "0 to 18446744073709551615";
      break;
    case KeyType::kBoolean:
      text = "true, false";
      break;
    case KeyType::kChoice:
    case KeyType::kChoiceOrBoolean:
      text = choices_text(spec);
      break;
    case KeyType::kByMember:
    case KeyType::kCount:
      break;
  }
  if (!spec.rule.empty()) text += "; " + std::string(spec.rule);
  return text;
}

std::string section_text(std::string_view section) {
  if (section.empty()) return "the top level";
  const SectionSpec* spec = find_section(section);
  const bool is_array = spec != nullptr && spec->is_array;
  return (is_array ? "[[" : "[") + std::string(section) + (is_array ? "]]" : "]");
}

std::string reference_markdown() {
  std::string text;
  for (const SectionSpec& section : all_sections()) {
    if (!text.empty()) text += '\n';
    text += "### " + (section.name.empty() ? "Top level" : code(section_text(section.name))) +
            "\n\n" + std::string(section.meaning) +
            "\n\n| key | type | default | bounds | reloads | meaning | example |\n"
            "|---|---|---|---|---|---|---|\n";
    for (const KeySpec& spec : section.keys) text += key_row(spec);
  }
  return text;
}

}  // namespace esc::config
