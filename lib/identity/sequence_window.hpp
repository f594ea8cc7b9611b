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

/// The bits of one window: W of them, W a power of two and at least 64. `rotation` says in which
/// word number 0 is: windows that lie side by side would else all work on the same few cache sets,
/// for their producers are mostly about as far.
class BitRing {
 public:
  BitRing(std::span<std::uint64_t> words, std::size_t rotation) noexcept
      : words_(words), rotation_(rotation) {}

  [[nodiscard]] std::uint64_t& word(std::uint64_t number) const noexcept {
    return words_[(number / kWordBits + rotation_) & (words_.size() - 1)];
  }
  [[nodiscard]] static std::uint64_t bit(std::uint64_t number) noexcept {
    return std::uint64_t{1} << (number % kWordBits);
  }
  [[nodiscard]] std::uint64_t width() const noexcept { return words_.size() * kWordBits; }
  void clear() const noexcept { std::ranges::fill(words_, 0); }

  static constexpr std::uint64_t kWordBits = 64;

 private:
  std::span<std::uint64_t> words_;
  std::size_t rotation_;
};

/// The bounds of a window; its bits lie elsewhere and are handed to every call. Bits of numbers
/// outside (highest - W, highest] are not looked at. Single writer; nothing here is for two lcores.
struct SequenceWindow {
  std::uint64_t highest = 0;
  std::uint64_t first = 0;  ///< of first contact: what is lower may never have been sent

  /// First contact: `sequence` is the highest, lower ones inside the window are new.
  void begin(BitRing bits, std::uint64_t sequence) noexcept {
    bits.clear();
    highest = first = sequence;
    bits.word(sequence) |= BitRing::bit(sequence);
  }

  [[nodiscard]] SequenceMark mark(BitRing bits, std::uint64_t sequence) noexcept {
    std::uint64_t& word = bits.word(sequence);
    const std::uint64_t bit = BitRing::bit(sequence);
    if (sequence > highest) [[likely]] {
      std::uint64_t lost = 0;
      if (sequence - highest == 1) [[likely]] {
        // What leaves counts if it was sent, as far as can be told.
        lost = (word & bit) == 0 && sequence - first >= bits.width() ? 1 : 0;
        highest = sequence;
      } else {
        lost = advance(bits, sequence);
      }
      word |= bit;
      return {SequenceVerdict::kNew, lost, 0};
    }
    const std::uint64_t behind = highest - sequence;
    if (behind >= bits.width()) return {SequenceVerdict::kStale, 0, behind};
    if ((word & bit) != 0) return {SequenceVerdict::kDuplicate, 0, behind};
    word |= bit;
    return {SequenceVerdict::kNew, 0, behind};
  }

  /// Numbers of the window that were sent, as far as can be told, and have not come.
  [[nodiscard]] std::uint64_t missing(BitRing bits) const noexcept;

 private:
  std::uint64_t advance(BitRing bits, std::uint64_t sequence) noexcept;
};

}  // namespace esc::identity
