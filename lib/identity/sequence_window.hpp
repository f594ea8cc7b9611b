// Which numbers of one producer have been seen: a sliding window over them, one bit each.
//
// The bitmap is used as in RFC 6479 (anti-replay without bit shifting), but exactly as wide as the
// window: the bit of number n is that of n - W, and taking n in is what makes n - W leave.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace esc::identity {

enum class SequenceVerdict : std::uint8_t {
  kNew,
  kDuplicate,  ///< inside the window, and marked
  kStale,      ///< below the window, or of an earlier epoch
  kCount
};

/// What a mark did besides.
struct SequenceMark {
  SequenceVerdict verdict = SequenceVerdict::kNew;
  std::uint64_t lost = 0;    ///< numbers that left the window and never came
  std::uint64_t behind = 0;  ///< how far a late number was behind the highest
};

/// The bounds of a window; its bits lie elsewhere, in an array that is handed to every call: W
/// bits, W a power of two of at least 64. Bits of numbers outside (highest - W, highest] are not
/// looked at. Single writer; nothing here is for two lcores.
struct SequenceWindow {
  std::uint64_t highest = 0;
  std::uint64_t first = 0;  ///< of first contact: what is lower may never have been sent

  /// First contact: `sequence` is the highest, lower ones inside the window are new.
  void begin(std::span<std::uint64_t> bits, std::uint64_t sequence) noexcept {
    std::ranges::fill(bits, 0);
    highest = first = sequence;
    bits[word_of(bits, sequence)] |= bit_of(sequence);
  }

  [[nodiscard]] SequenceMark mark(std::span<std::uint64_t> bits, std::uint64_t sequence) noexcept {
    std::uint64_t& word = bits[word_of(bits, sequence)];
    const std::uint64_t bit = bit_of(sequence);
    if (sequence > highest) [[likely]] {
      std::uint64_t lost = 0;
      if (sequence - highest == 1) [[likely]] {
        lost = (word & bit) == 0 && may_be_lost(bits, sequence) ? 1 : 0;
        highest = sequence;
      } else {
        lost = advance(bits, sequence);
      }
      word |= bit;
      return {SequenceVerdict::kNew, lost, 0};
    }
    const std::uint64_t behind = highest - sequence;
    if (behind >= width(bits)) return {SequenceVerdict::kStale, 0, behind};
    if ((word & bit) != 0) return {SequenceVerdict::kDuplicate, 0, behind};
    word |= bit;
    return {SequenceVerdict::kNew, 0, behind};
  }

  /// Numbers of the window that were sent, as far as can be told, and have not come.
  [[nodiscard]] std::uint64_t missing(std::span<const std::uint64_t> bits) const noexcept;

  [[nodiscard]] static std::uint64_t width(std::span<const std::uint64_t> bits) noexcept {
    return bits.size() * kWordBits;
  }
  /// The word that holds the number's bit, for a prefetch.
  [[nodiscard]] static std::size_t word_of(std::span<const std::uint64_t> bits,
                                           std::uint64_t sequence) noexcept {
    return (sequence / kWordBits) & (bits.size() - 1);
  }

 private:
  static constexpr std::uint64_t kWordBits = 64;

  [[nodiscard]] static std::uint64_t bit_of(std::uint64_t sequence) noexcept {
    return std::uint64_t{1} << (sequence % kWordBits);
  }
  /// Whether the number that leaves as `sequence` is taken in was one that had been sent.
  [[nodiscard]] bool may_be_lost(std::span<const std::uint64_t> bits,
                                 std::uint64_t sequence) const noexcept {
    return sequence - first >= width(bits);
  }
  std::uint64_t advance(std::span<std::uint64_t> bits, std::uint64_t sequence) noexcept;
};

}  // namespace esc::identity
