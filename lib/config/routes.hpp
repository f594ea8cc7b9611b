// SPDX-License-Identifier: BSD-3-Clause
// The settings of routes, of unknown topics and of producers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wire/ip_prefix.hpp"

namespace esc::config {

// The order of each enum is the order of its names in the key table (keys_route.cpp).
enum class Spread : std::uint8_t { kRoundRobin, kByTopic, kByProducer, kWorker };
enum class OnFull : std::uint8_t { kHold, kShed, kDeadLetter };
enum class DedupKind : std::uint8_t { kNone, kPayloadId, kContent };
enum class UnknownTopic : std::uint8_t { kDeadLetter, kDrop, kRoute };

/// Which bytes of the payload are the key by which events are told apart.
struct DedupConfig {
  DedupKind kind = DedupKind::kNone;
  std::uint16_t offset = 0;  ///< bytes from the beginning of the payload
  std::uint16_t bytes = 0;   ///< payload-id: 1 to 64; content: 0 means to the payload's end

  friend bool operator==(const DedupConfig&, const DedupConfig&) = default;
};

struct RouteConfig {
  std::string topic{};    ///< a topic or a pattern (topic_pattern.hpp); of the default route: empty
  std::string handler{};  ///< one of the known handlers
  Spread spread = Spread::kByTopic;
  std::uint32_t worker = 0;  ///< index among a pipeline's workers; only with Spread::kWorker
  std::optional<std::uint8_t> priority{};  ///< instead of the event's own
  OnFull on_full = OnFull::kHold;
  std::uint8_t retries = 0;  ///< 0 to 15
  DedupConfig dedup{};
  std::vector<wire::IpPrefix> publishers{};  ///< sorted, unique; none: anyone may publish

  friend bool operator==(const RouteConfig&, const RouteConfig&) = default;
};

struct RoutingConfig {
  UnknownTopic unknown_topic = UnknownTopic::kDeadLetter;
  std::optional<RouteConfig> default_route;  ///< there if and only if UnknownTopic::kRoute
};

/// An event with this producer's number is accepted only if it comes from one of `sources`.
struct ProducerConfig {
  std::uint64_t id = 0;
  std::vector<wire::IpPrefix> sources{};  ///< sorted, unique; at least one

  friend bool operator==(const ProducerConfig&, const ProducerConfig&) = default;
};

}  // namespace esc::config
