// SPDX-License-Identifier: BSD-3-Clause
// Writes, as JSON, what an appliance must show after a trace.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "esc-replay/build_options.hpp"
#include "esc-replay/network.hpp"
#include "esc-replay/number_model.hpp"
#include "esc-replay/tally.hpp"

namespace esc::replay {

/// What one port receives.
struct FeedFacts {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  ///< of the packets, without the pcap's own headers
  Network::Counts network;
  /// The largest distance by which a number is behind an earlier one.
  std::uint64_t depth = 0;
  std::vector<std::uint64_t> first_contact;  ///< by producer; kNone: nothing arrived
  static constexpr std::uint64_t kNone = UINT64_MAX;
};

/// What the sequential part of the builder knows about the whole trace.
struct TraceFacts {
  std::uint64_t made = 0;           ///< packets sent; what arrives is in `feeds`
  std::uint64_t longest_bytes = 0;  ///< of a packet
  std::uint64_t cut_at_mtu = 0;     ///< datagrams with fewer frames than drawn
  std::uint64_t restarts = 0;
  std::map<std::string, std::uint64_t> malformed;  ///< packets made, by the kind they were made as
  std::vector<std::uint64_t> numbers;              ///< sequence numbers given out, by producer
  std::vector<FeedFacts> feeds;                    ///< one, or two

  [[nodiscard]] std::uint64_t packets() const noexcept;  ///< how many arrive, over all feeds
  [[nodiscard]] std::uint64_t bytes() const noexcept;    ///< the bytes of those packets
};

struct BuiltTrace {
  Tally tally;
  TraceFacts facts;
  NumberModel numbers;
};

/// The ledger in its own schema, then `producers`, `topics` and `trace`. Throws Error if the result
/// would depend on how two ports take turns.
[[nodiscard]] nlohmann::ordered_json make_manifest(const BuildPlan& plan, const BuiltTrace& built);

}  // namespace esc::replay
