// SPDX-License-Identifier: BSD-3-Clause
// The store of dead letters: each record keeps a frame and the reason why it was not delivered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/reasons.hpp"
#include "dlq/record.hpp"
#include "event/frame_bytes.hpp"
#include "event/peer.hpp"
#include "storage/dead_item.hpp"
#include "storage/store_kind.hpp"
#include "telemetry/storage_counters.hpp"

namespace esc::storage {

/// The outcome of a dead letter is its reason.
struct DeadLetterKind {
  using Item = DeadItem;
  using Settled = telemetry::SettledCounters;
  static constexpr auto kOutcomes = static_cast<std::size_t>(DeadReason::kCount);

  [[nodiscard]] static bool append(dlq::CommitBuffer& commit, std::uint64_t id,
                                   const DeadItem& item, const WallClock& clock) noexcept {
    return commit.add(id, letter(item, clock), std::as_bytes(event::frame(item.event)));
  }
  [[nodiscard]] static std::size_t outcome(const DeadItem& item) noexcept {
    return static_cast<std::size_t>(item.reason);
  }
  static void settle(Settled& settled, std::size_t outcome, std::uint64_t events,
                     bool durable) noexcept {
    if (durable) {
      settled.durable.add(static_cast<DeadReason>(outcome), events);
    } else {
      settled.write_failed.add(events);
    }
  }
  [[nodiscard]] static std::uint64_t settled(const Settled& settled) noexcept {
    return settled.all_durable() + settled.write_failed.get();
  }

 private:
  static void note_source(event::Source source, dlq::Letter& letter) noexcept {
    if (source.kind() == event::SourceKind::kPort) {
      letter.port = source.port();
      letter.queue = source.queue();
    } else {
      letter.flags |= dlq::kOverTcp;
      letter.queue = static_cast<std::uint16_t>(source.slot());
    }
  }

  [[nodiscard]] static dlq::Letter letter(const DeadItem& item, const WallClock& clock) noexcept {
    const event::Event& event = item.event;
    dlq::Letter letter{
        .received_ns = clock.unix_ns(event.rx_tsc),
        .died_ns = clock.unix_ns(event.rx_tsc + item.waited * kWaitCycles),
        .producer = event.producer,
        .sequence = event.sequence,
        .epoch = event.epoch,
        .reason = static_cast<std::uint8_t>(item.reason),
        .stage = item.stage,
        .flags = event.has(event::kSequenced) ? std::uint8_t{dlq::kSequenced} : std::uint8_t{0},
        .attempts = item.attempts,
        .replay_count = event.replay_count,
    };
    note_source(event.source, letter);
    if (const auto peer = event::peer_address(event)) {
      letter.peer = peer->bytes;
      letter.peer_port = event::peer_port(event);
      letter.flags |= dlq::kPeerKnown;
    }
    return letter;
  }
};
static_assert(StoreKind<DeadLetterKind>);

}  // namespace esc::storage
