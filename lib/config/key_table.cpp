// SPDX-License-Identifier: BSD-3-Clause
// The key table, put together from its groups.
#include <algorithm>
#include <array>
#include <vector>

#include "config/key_groups.hpp"

namespace esc::config {
namespace {

// In the order of the reference.
constexpr std::array kGroups = {
    &kTopGroup,     &kEalGroup,           &kMemoryGroup, &kPortGroup,     &kLcoresGroup,
    &kRingsGroup,   &kDeduplicationGroup, &kLimitsGroup, &kPressureGroup, &kDeadLettersGroup,
    &kReplayGroup,  &kShutdownGroup,      &kLogGroup,    &kControlGroup,  &kHealthGroup,
    &kRoutingGroup, &kDefaultRouteGroup,  &kRouteGroup,  &kProducerGroup,
};

const KeySpec* find_in(const KeyGroup& group, std::string_view key) noexcept {
  const auto found = std::ranges::find(group.keys, key, &KeySpec::key);
  return found == group.keys.end() ? nullptr : &*found;
}

}  // namespace

std::span<const KeySpec> all_keys() noexcept {
  static const std::vector<KeySpec> keys = [] {
    std::vector<KeySpec> all;
    for (const KeyGroup* group : kGroups) {
      all.insert(all.end(), group->keys.begin(), group->keys.end());
    }
    return all;
  }();
  return keys;
}

std::span<const SectionSpec> all_sections() noexcept {
  static const std::vector<SectionSpec> sections = [] {
    std::vector<SectionSpec> all;
    for (const KeyGroup* group : kGroups) all.push_back(group->section);
    return all;
  }();
  return sections;
}

const KeyGroup* find_group(std::string_view section) noexcept {
  const auto found = std::ranges::find(kGroups, section,
                                       [](const KeyGroup* group) { return group->section.name; });
  return found == kGroups.end() ? nullptr : *found;
}

const KeySpec* find_key(std::string_view section, std::string_view key) noexcept {
  const KeyGroup* group = find_group(section);
  return group == nullptr ? nullptr : find_in(*group, key);
}

const SectionSpec* find_section(std::string_view name) noexcept {
  const KeyGroup* group = find_group(name);
  return group == nullptr ? nullptr : &group->section;
}

}  // namespace esc::config
