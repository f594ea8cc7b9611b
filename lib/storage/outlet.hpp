// SPDX-License-Identifier: BSD-3-Clause
// A stage's way to the storage.
#pragma once

#include <cstdint>

#include "base/reasons.hpp"
#include "dlq/record.hpp"
#include "event/event.hpp"
#include "storage/dead_item.hpp"

namespace esc::storage {

/// A stage's end of its ring to the storage lcore. Without a ring nothing is kept. Thread: the
/// stage's lcore.
class Outlet {
 public:
  Outlet() = default;
  /// `ring`: not owned; null: there is no storage.
  Outlet(DeadRing* ring, dlq::Stage stage) noexcept : ring_(ring), stage_(stage) {}

  /// Whether dead letters are kept. If not, the stage drops under its own reason.
  [[nodiscard]] bool keeps() const noexcept { return ring_ != nullptr; }

  /// Hands over the event and its reference. False: the ring is full, and the event still belongs
  /// to the caller. `now`: TSC.
  [[nodiscard]] bool put(const event::Event& event, DeadReason reason, std::uint64_t now,
                         std::uint8_t attempts = 0) noexcept {
    DeadItem* item = ring_->claim();
    if (item == nullptr) return false;
    *item = {event, waited(event.rx_tsc, now), reason, stage_, attempts, 0};
    ring_->publish();
    return true;
  }

 private:
  DeadRing* ring_ = nullptr;
  dlq::Stage stage_ = dlq::Stage::kRx;
};

}  // namespace esc::storage
