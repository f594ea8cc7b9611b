// What an appliance must show for a trace, counted while the trace is made: from what each packet
// was meant to be, never from its bytes.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "esc-replay/build_options.hpp"
#include "telemetry/ledger.hpp"

namespace esc::replay {

/// Sums; one per builder thread, merged in any order.
class Tally {
 public:
  struct Topic {
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;
  };

  Tally() = default;
  explicit Tally(const TopicSet& topics)
      : listed_(topics.listed().size()), unlisted_(topics.unlisted().size()) {}

  void event(std::size_t topic, std::size_t payload_bytes) noexcept {
    ++ledger_.frames.received;
    ++ledger_.frames.delivered;
    count(listed_[topic], payload_bytes);
  }
  void unknown_topic(std::size_t topic, std::size_t payload_bytes) noexcept {
    refused(FrameDrop::kUnknownTopic);
    count(unlisted_[topic], payload_bytes);
  }
  void control() noexcept {
    ++ledger_.frames.received;
    ++ledger_.frames.control;
  }
  void refused(FrameDrop reason) noexcept {
    ++ledger_.frames.received;
    ++ledger_.frames.dropped[static_cast<std::size_t>(reason)];
  }

  void datagram() noexcept {
    ++ledger_.packets.received;
    ++ledger_.packets.datagrams;
  }
  void dropped(PacketDrop reason) noexcept {
    ++ledger_.packets.received;
    ++ledger_.packets.dropped[static_cast<std::size_t>(reason)];
  }
  void non_event(NonEvent kind) noexcept {
    ++ledger_.packets.received;
    ++ledger_.packets.non_event[static_cast<std::size_t>(kind)];
  }

  void merge(const Tally& other);

  [[nodiscard]] const telemetry::Ledger& ledger() const noexcept { return ledger_; }
  [[nodiscard]] const std::vector<Topic>& listed() const noexcept { return listed_; }
  [[nodiscard]] const std::vector<Topic>& unlisted() const noexcept { return unlisted_; }

 private:
  static void count(Topic& topic, std::size_t payload_bytes) noexcept {
    ++topic.events;
    topic.bytes += payload_bytes;
  }

  telemetry::Ledger ledger_;
  std::vector<Topic> listed_;    ///< by index into TopicSet::listed()
  std::vector<Topic> unlisted_;  ///< by index into TopicSet::unlisted()
};

/// What the sequential part of the builder knows about the whole.
struct TraceFacts {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;          ///< of the packets, without the pcap's own headers
  std::uint64_t longest_bytes = 0;  ///< of a packet
  std::uint64_t cut_at_mtu = 0;     ///< datagrams with fewer frames than drawn
  std::map<std::string, std::uint64_t> malformed;  ///< packets by the kind they were made as
  std::vector<std::uint64_t> numbers;              ///< sequence numbers given out, by producer
};

/// The ledger in its own schema, then `topics` and `trace`.
[[nodiscard]] nlohmann::ordered_json make_manifest(const BuildPlan& plan, const Tally& tally,
                                                   const TraceFacts& facts);

}  // namespace esc::replay
