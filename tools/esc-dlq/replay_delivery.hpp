// SPDX-License-Identifier: BSD-3-Clause
// Sends batches of letters to the appliance and finds out when they have arrived.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "esc-dlq/confirmation.hpp"
#include "esc-dlq/replay.hpp"
#include "esc-dlq/replay_batch.hpp"
#include "esc-dlq/replay_link.hpp"

namespace esc::dlq_tool {

struct Delivered {
  std::uint64_t letters = 0;
  std::uint64_t too_long = 0;  ///< letters that are too long for a datagram
  /// Letters that the appliance did not count, although it counted others.
  std::uint64_t not_taken = 0;
  std::uint64_t resent = 0;   ///< letters that were sent more than once
  std::uint64_t refused = 0;  ///< datagrams for which a host reported that nobody listens
};

/// Thread: one.
class Delivery {
 public:
  /// Throws ReplayError, as deliver() does.
  explicit Delivery(const ReplayOptions& options);

  /// Sends the batch at the rate that is set, and waits until it is delivered (see replay()).
  /// `last`: no other one follows.
  [[nodiscard]] Delivered deliver(const ReplayBatch& batch, bool last);

 private:
  using Clock = std::chrono::steady_clock;

  /// Letters that were sent, and letters that are too long to be sent.
  struct Sent {
    std::uint64_t letters = 0;
    std::uint64_t too_long = 0;
  };
  /// Sends all of it once.
  [[nodiscard]] Sent send(const ReplayBatch& batch);
  void wait_for_turn(std::uint64_t letters);

  /// Sends the batch again and again until the appliance has counted every letter, or no round
  /// brings a new one.
  [[nodiscard]] Delivered confirm(const ReplayBatch& batch);
  [[noreturn]] void stop_at_refusals(const ReplayBatch& batch, std::uint64_t refused) const;
  /// Waits until so many letters were counted since `before`, or so many new ones since `first`, or
  /// none for some time. Returns what was counted by then.
  [[nodiscard]] ReplayCounts wait(const ReplayCounts& first, const ReplayCounts& before,
                                  std::uint64_t letters);

  std::unique_ptr<ReplayLink> link_;
  std::optional<Confirmation> confirmation_;
  double rate_;
  bool despite_refusals_;
  std::string udp_;
  bool begun_ = false;                     ///< whether a batch was sent
  Clock::time_point next_ = Clock::now();  ///< when the next letter may leave
};

}  // namespace esc::dlq_tool
