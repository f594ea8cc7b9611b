// SPDX-License-Identifier: BSD-3-Clause
// Brings batches of letters to the appliance, and knows when they are there.
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
  std::uint64_t too_long = 0;   ///< letters that no datagram takes on this way
  std::uint64_t not_taken = 0;  ///< letters that were not seen to arrive, though others were
  std::uint64_t resent = 0;     ///< letters that were sent more than once
  std::uint64_t refused = 0;    ///< datagrams of which was said that nobody listens
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

  /// Letters sent, and those too long to be.
  struct Sent {
    std::uint64_t letters = 0;
    std::uint64_t too_long = 0;
  };
  /// Sends all of it once.
  [[nodiscard]] Sent send(const ReplayBatch& batch);
  void wait_for_turn(std::uint64_t letters);

  /// Sends it until the appliance has counted every letter, or no round brings a new one any more.
  [[nodiscard]] Delivered confirm(const ReplayBatch& batch);
  [[noreturn]] void stop_at_refusals(const ReplayBatch& batch, std::uint64_t refused) const;
  /// Waits until so many were counted since `before`, or so many new ones since `first`, or for
  /// some time not one more; what was counted by then.
  [[nodiscard]] ReplayCounts wait(const ReplayCounts& first, const ReplayCounts& before,
                                  std::uint64_t letters);

  std::unique_ptr<ReplayLink> link_;
  std::optional<Confirmation> confirmation_;
  double rate_;
  bool despite_refusals_;
  std::string udp_;
  bool begun_ = false;                     ///< a batch was sent
  Clock::time_point next_ = Clock::now();  ///< when the next letter may leave
};

}  // namespace esc::dlq_tool
