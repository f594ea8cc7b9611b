// SPDX-License-Identifier: BSD-3-Clause
// The key table's parts: each section with its keys, in a file of its own kind. Internal to
// lib/config.
#pragma once

#include <cstdint>

#include "config/keys.hpp"
#include "wire/ip_prefix.hpp"

namespace esc::config {

// What lists of prefixes may hold.
inline constexpr std::int64_t kShortestPrefix = 2;  // "::"
inline constexpr std::int64_t kLongestPrefix = 49;  // an IPv6 address that ends as IPv4, "/128"
inline constexpr auto kMaxPrefixes = static_cast<std::int64_t>(wire::PrefixSet::kMaxPrefixes);

struct KeyGroup {
  SectionSpec section;
  std::span<const KeySpec> keys;
};

// keys_machine.cpp
extern const KeyGroup kTopGroup;
extern const KeyGroup kEalGroup;
extern const KeyGroup kMemoryGroup;
extern const KeyGroup kLcoresGroup;
extern const KeyGroup kRingsGroup;
extern const KeyGroup kDeduplicationGroup;

// keys_storage.cpp
extern const KeyGroup kDeadLettersGroup;
extern const KeyGroup kReplayGroup;

// keys_pressure.cpp
extern const KeyGroup kPressureGroup;

// keys_health.cpp
extern const KeyGroup kHealthGroup;

// keys_port.cpp
extern const KeyGroup kPortGroup;

// keys_service.cpp
extern const KeyGroup kLimitsGroup;
extern const KeyGroup kShutdownGroup;
extern const KeyGroup kLogGroup;
extern const KeyGroup kControlGroup;

// keys_route.cpp
extern const KeyGroup kRoutingGroup;
extern const KeyGroup kDefaultRouteGroup;
extern const KeyGroup kRouteGroup;
extern const KeyGroup kProducerGroup;

/// nullptr: there is no such section.
[[nodiscard]] const KeyGroup* find_group(std::string_view section) noexcept;

}  // namespace esc::config
