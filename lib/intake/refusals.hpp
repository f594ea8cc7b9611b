// SPDX-License-Identifier: BSD-3-Clause
// Frames that were refused, by reason, until their receipt is counted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/reasons.hpp"
#include "telemetry/counter.hpp"

namespace esc::intake {

/// A frame counts as received before it counts as refused, so that no reader sees more frames end
/// than came. Thread: the lcore that receives.
class Refusals {
 public:
  void add(FrameDrop reason) noexcept {
    ++refused_[static_cast<std::size_t>(reason)];
    any_ = true;
  }

  /// Calls f(FrameDrop, std::uint64_t frames) for each reason there is.
  template <class F>
  void for_each(F&& f) const noexcept {
    if (!any_) [[likely]]
      return;
    for (std::size_t i = 0; i < refused_.size(); ++i) {
      if (refused_[i] != 0) f(static_cast<FrameDrop>(i), refused_[i]);
    }
  }

  /// Adds them to the counters. Their receipts have been counted by now.
  void count_in(telemetry::CounterSet<FrameDrop>& counters) noexcept {
    if (!any_) [[likely]]
      return;
    for_each([&counters](FrameDrop reason, std::uint64_t frames) { counters.add(reason, frames); });
    refused_.fill(0);
    any_ = false;
  }

 private:
  bool any_ = false;
  std::array<std::uint64_t, telemetry::CounterSet<FrameDrop>::kSize> refused_{};
};

}  // namespace esc::intake
