// SPDX-License-Identifier: BSD-3-Clause
// A model of how a receiver judges numbered events ("What a receiver makes of the numbers" in
// docs/wire-format.md), for the manifest.
#pragma once

#include <cstdint>
#include <vector>

namespace esc::replay {

/// A numbered event as it arrives. `producer` is an index, not an id.
struct NumberedEvent {
  std::uint32_t producer;
  std::uint32_t epoch;
  std::uint64_t sequence;
  std::uint32_t topic;  ///< index into the listed or the unlisted names
  std::uint32_t payload_bytes;
  bool listed;
};

enum class NumberVerdict : std::uint8_t { kNew, kDuplicate, kStale };

/// Keeps a bit for every number of an epoch, as long as the epoch lasts. So it still knows what a
/// window has forgotten, and it shares no idea with the appliance's code.
class NumberModel {
 public:
  static constexpr std::uint64_t kEndless = UINT64_MAX;  ///< a window without an end

  struct Figures {
    std::uint64_t delivered = 0;
    std::uint64_t duplicate = 0;
    std::uint64_t stale = 0;
    std::uint64_t lost = 0;     ///< numbers that left the window, or whose epoch ended
    std::uint64_t missing = 0;  ///< in the window
    std::uint64_t late = 0;
    std::uint64_t reorder_depth = 0;
    std::uint64_t epochs = 0;  ///< 0: nothing of this producer arrived
  };

  NumberModel() = default;
  /// No number is below `first_sequence`. `window`: numbers, at least 1.
  NumberModel(std::uint64_t producers, std::uint64_t first_sequence, std::uint64_t window)
      : first_sequence_(first_sequence), window_(window), producers_(producers) {}

  NumberVerdict judge(const NumberedEvent& event);

  /// `window`: numbers within it are missing, numbers below it are lost.
  [[nodiscard]] Figures figures(std::uint64_t producer, std::uint64_t window) const;

 private:
  struct Producer {
    Figures figures;
    std::uint32_t epoch = 0;
    std::uint64_t first = 0;
    std::uint64_t highest = 0;
    std::vector<bool> taken;  ///< by number, from first_sequence_ on
  };

  void begin_epoch(Producer& producer, const NumberedEvent& event) const;
  /// Adds the numbers that never came to `lost` and `missing`.
  void count_gaps(const Producer& producer, std::uint64_t window, Figures& figures) const;

  std::uint64_t first_sequence_ = 0;
  std::uint64_t window_ = kEndless;
  std::vector<Producer> producers_;
};

}  // namespace esc::replay
