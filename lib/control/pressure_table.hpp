// SPDX-License-Identifier: BSD-3-Clause
// The thresholds and actions of the pressure levels as the data path uses them. docs/pressure.md
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/align.hpp"
#include "base/pressure.hpp"
#include "config/pressure.hpp"

namespace esc::control {

/// `part` of `whole` in per mille, rounded down, at most 1000, which is reached only when it is
/// full. 0 if `whole` is 0. For a latency, `part` is an age and `whole` the age that counts as
/// full.
[[nodiscard]] constexpr std::uint16_t permille(std::uint64_t part, std::uint64_t whole) noexcept {
  if (whole == 0) return 0;
  if (part >= whole) return config::kFullPermille;
  // Above 2^54 the product would overflow. The bits that are shifted out matter only when it is
  // full, which is decided before.
  while (whole >> 54U != 0) {
    part >>= 1U;
    whole >>= 1U;
  }
  constexpr std::uint64_t kFull = config::kFullPermille;
  return static_cast<std::uint16_t>(std::min(part * kFull / whole, kFull - 1));
}

/// What the level is made from, in per mille.
struct PressureInputs {
  std::array<std::uint16_t, kPressureInputs> permille{};

  [[nodiscard]] std::uint16_t& operator[](PressureInput input) noexcept {
    return permille[static_cast<std::size_t>(input)];
  }
  [[nodiscard]] std::uint16_t operator[](PressureInput input) const noexcept {
    return permille[static_cast<std::size_t>(input)];
  }
};

/// What RX lcores read before each poll: 32 bits, so that level, cutoff and flags always belong
/// together. Bits 0-7 cutoff, 8-15 level, 16-23 flags.
class PressureWord {
 public:
  enum Flag : std::uint8_t {
    kDeferLossless = 1,  ///< do not poll ports that cannot lose packets
    kDeferNic = 2,       ///< do not poll other ports while their descriptor ring is under half full
    kKeepShed = 4,       ///< shed frames become dead letters
  };

  constexpr PressureWord() noexcept = default;
  constexpr PressureWord(PressureLevel level, std::uint8_t cutoff, std::uint8_t flags) noexcept
      : bits_(cutoff | static_cast<std::uint32_t>(level) << 8U |
              static_cast<std::uint32_t>(flags) << 16U) {}
  [[nodiscard]] static constexpr PressureWord unpacked(std::uint32_t bits) noexcept {
    PressureWord word;
    word.bits_ = bits;
    return word;
  }
  [[nodiscard]] constexpr std::uint32_t packed() const noexcept { return bits_; }

  [[nodiscard]] constexpr PressureLevel level() const noexcept {
    return static_cast<PressureLevel>(bits_ >> 8U & 0xFFU);
  }
  /// The lowest priority that is kept.
  [[nodiscard]] constexpr std::uint8_t cutoff() const noexcept {
    return static_cast<std::uint8_t>(bits_ & 0xFFU);
  }
  [[nodiscard]] constexpr bool has(Flag flag) const noexcept { return (bits_ >> 16U & flag) != 0; }
  /// Priority 255 never is.
  [[nodiscard]] constexpr bool sheds(std::uint8_t priority) const noexcept {
    return priority < cutoff();
  }

  [[nodiscard]] constexpr bool operator==(const PressureWord&) const noexcept = default;

 private:
  std::uint32_t bits_ = 0;  ///< healthy: nothing shed, every port polled
};

/// Holds the word on a cache line of its own, which is written at most every 200 us. Writer: the
/// dispatcher's lcore. Readers: RX lcores, main lcore.
class alignas(kCacheLineBytes) PressureBoard {
 public:
  // Both are relaxed: nothing else is published with the word.
  void show(PressureWord word) noexcept { word_.store(word.packed(), std::memory_order_relaxed); }
  [[nodiscard]] PressureWord read() const noexcept {
    return PressureWord::unpacked(word_.load(std::memory_order_relaxed));
  }

 private:
  std::atomic<std::uint32_t> word_{0};
};
static_assert(sizeof(PressureBoard) == kCacheLineBytes);

/// [pressure] for one clock: plain values, copied into whoever evaluates. Make it on the control
/// path, at start or at a reload.
struct PressureTable {
  struct Level {
    std::array<std::uint16_t, kPressureInputs> enter{};
    std::array<std::uint16_t, kPressureInputs> leave{};  ///< kNeverPermille where `enter` is that
    std::uint64_t dwell_ticks = 0;
    std::uint8_t shed_below = 0;  ///< the highest cutoff of the level
  };
  /// By PressureLevel; the entry of healthy is not used.
  std::array<Level, kPressureLevels> levels{};
  // The lowest level at which such ports are not polled, below critical; critical: never.
  PressureLevel defer_lossless_from = PressureLevel::kCritical;
  PressureLevel defer_nic_from = PressureLevel::kCritical;
  config::KeepShed keep_shed = config::KeepShed::kNever;
  std::uint64_t worker_latency_full_ticks = 0;  ///< for permille()

  [[nodiscard]] const Level& operator[](PressureLevel level) const noexcept {
    return levels[static_cast<std::size_t>(level)];
  }
};

/// `ticks_per_second` of the clock that evaluate() will be told; at least 1000.
[[nodiscard]] PressureTable make_pressure_table(const config::PressureConfig& config,
                                                std::uint64_t ticks_per_second) noexcept;

/// The lowest priority to keep at `level`; 0 below critical. From critical on it rises with the
/// fullness, so that the lowest priorities go first and no more than it takes:
///
/// - an input that is below its enter threshold of critical asks for nothing;
/// - from there to its enter threshold of emergency the cutoff rises in a line from 1 to critical's
///   shed_below;
/// - from there to 1000 per mille, in a line from that to emergency's shed_below.
///
/// The input that asks for most decides, and the level's own shed_below is the most. Never falls
/// when an input or the level rises. O(1).
[[nodiscard]] std::uint8_t cutoff(const PressureTable& table, PressureLevel level,
                                  const PressureInputs& inputs) noexcept;

/// Level, cutoff and flags together. A port is left alone only while an input is at or above the
/// leave threshold of the level from which such ports are left alone: because the level lasts
/// longer than the pressure by its dwell, and the rings would run dry in that time.
[[nodiscard]] PressureWord action(const PressureTable& table, PressureLevel level,
                                  const PressureInputs& inputs) noexcept;

}  // namespace esc::control
