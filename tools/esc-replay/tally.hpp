// SPDX-License-Identifier: BSD-3-Clause
// Counts, while a trace is made, what an appliance must show for it. It counts what each packet is
// planned to be, never its bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "esc-replay/number_model.hpp"
#include "esc-replay/topic_set.hpp"
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

  /// `topic`: index into the listed names, which have a route, or the unlisted ones.
  void event(bool listed, std::size_t topic, std::size_t payload_bytes) noexcept {
    if (!listed) return unknown_topic(topic, payload_bytes);
    ++ledger_.frames.received;
    ++ledger_.frames.delivered;
    count(listed_[topic], payload_bytes);
  }
  void duplicate() noexcept {
    ++ledger_.frames.received;
    ++ledger_.frames.duplicate[static_cast<std::size_t>(DuplicateBy::kNumber)];
  }
  void stale() noexcept {
    ++ledger_.frames.received;
    ++ledger_.frames.stale;
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
  void unknown_topic(std::size_t topic, std::size_t payload_bytes) noexcept {
    refused(FrameDrop::kUnknownTopic);
    count(unlisted_[topic], payload_bytes);
  }
  static void count(Topic& topic, std::size_t payload_bytes) noexcept {
    ++topic.events;
    topic.bytes += payload_bytes;
  }

  telemetry::Ledger ledger_;
  std::vector<Topic> listed_;    ///< by index into TopicSet::listed()
  std::vector<Topic> unlisted_;  ///< by index into TopicSet::unlisted()
};

/// Where the contents of a packet are counted.
struct Account {
  Tally& tally;
  /// Events with a number go here instead, to be judged in the order in which they arrive; nullptr:
  /// they are counted as if they had none.
  std::vector<NumberedEvent>* numbered = nullptr;
};

}  // namespace esc::replay
