// SPDX-License-Identifier: BSD-3-Clause
// One load, from text to Config: a function for each group of sections. They run in the order of
// load.cpp, and later ones may look at what earlier ones read. Internal to lib/config.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "config/reader.hpp"

namespace esc::config {

/// Prefixes in all lists so far.
struct PrefixTotal {
  std::size_t count = 0;
  std::string beyond;  ///< place of the list with which they became too many; empty: they are not
};

struct Loading {
  Config& config;
  Reader& reader;  ///< collects the problems
  const Overrides& overrides;
  std::span<const std::string_view> known_handlers;
  PrefixTotal& prefixes;

  void warning(std::string where, std::string what, std::string fix) const {
    config.warnings.push_back({std::move(where), std::move(what), std::move(fix)});
  }
};

// load_machine.cpp
void read_top(const Loading& in);
void read_eal(const Loading& in);
void read_memory(const Loading& in);
void read_lcores(const Loading& in);
void read_rings(const Loading& in);
void read_deduplication(const Loading& in);

// load_port.cpp
void read_ports(const Loading& in);

// load_storage.cpp
void read_dead_letters(const Loading& in);
void check_keep_shed(const Loading& in);
void read_replay(const Loading& in);

// load_service.cpp
void read_service(const Loading& in);

// load_health.cpp
void read_health(const Loading& in);

// load_route.cpp
void read_routing(const Loading& in);
void read_routes(const Loading& in);

// load_producer.cpp
void read_producers(const Loading& in);
/// The prefixes of a key, sorted. What is none is reported, and what stands twice.
[[nodiscard]] std::vector<wire::IpPrefix> read_prefixes(const Loading& in, const Section& section,
                                                        std::string_view key);
/// Most prefixes that all routes and producers may have together: 32 bytes each in a set.
inline constexpr std::size_t kMaxPrefixesInAll = 1U << 20U;
void check_prefix_total(const Loading& in);

/// Letters, digits and the characters of `more` only.
[[nodiscard]] bool is_label(std::string_view text, std::string_view more) noexcept;

}  // namespace esc::config
