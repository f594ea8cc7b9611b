// SPDX-License-Identifier: BSD-3-Clause
// The key table, put together from its sections.
#include <algorithm>
#include <array>
#include <vector>

#include "config/sections.hpp"

namespace esc::config {
namespace {

// In the order of the reference. They are read in this order too, so the rules of each section may
// look at the sections before it.
constexpr std::array kSections = {
    &kTopSection,           &kEalSection,         &kMemorySection,       &kPortSection,
    &kTcpSection,           &kConnectionsSection, &kLcoresSection,       &kRingsSection,
    &kDeduplicationSection, &kLimitsSection,      &kPressureSection,     &kDeadLettersSection,
    &kReplaySection,        &kShutdownSection,    &kLogSection,          &kControlSection,
    &kHealthSection,        &kRoutingSection,     &kDefaultRouteSection, &kRouteSection,
    &kProducerSection,
};

}  // namespace

std::span<const KeySpec> all_keys() noexcept {
  static const std::vector<KeySpec> keys = [] {
    std::vector<KeySpec> all;
    for (const SectionSpec* section : kSections) {
      all.insert(all.end(), section->keys.begin(), section->keys.end());
    }
    return all;
  }();
  return keys;
}

std::span<const SectionSpec> all_sections() noexcept {
  static const std::vector<SectionSpec> sections = [] {
    std::vector<SectionSpec> all;
    for (const SectionSpec* section : kSections) all.push_back(*section);
    return all;
  }();
  return sections;
}

const KeySpec* find_key(const SectionSpec& section, std::string_view key) noexcept {
  const auto found = std::ranges::find(section.keys, key, &KeySpec::key);
  return found == section.keys.end() ? nullptr : &*found;
}

const KeySpec* find_key(std::string_view section, std::string_view key) noexcept {
  const SectionSpec* found = find_section(section);
  return found == nullptr ? nullptr : find_key(*found, key);
}

const SectionSpec* find_section(std::string_view name) noexcept {
  const auto found = std::ranges::find(kSections, name, &SectionSpec::name);
  return found == kSections.end() ? nullptr : *found;
}

}  // namespace esc::config
