// SPDX-License-Identifier: BSD-3-Clause
// Which numbers of one producer have been seen: a sliding window over them, one bit each.
//
// The bitmap is used as in RFC 6479 (anti-replay without bit shifting), but it is exactly as wide
// as the window, W: numbers n and n - W share a bit, and when n is taken in, n - W leaves.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/align.hpp"

namespace esc::identity {

/// 64 bits of a window. It has one writer, whose stores release: a reader who sees a word also sees
/// that the change which wrote it had begun (ProducerEntry::version).
using BitWord = std::atomic<std::uint64_t>;

/// The bits of one window: W of them, W a power of two and at least 64. `rotation` says which word
/// holds number 0. It differs from window to window: most producers have sent about as many
/// numbers, so without it all windows would use the same few cache sets.
class BitRing {
 public:
  static constexpr std::uint64_t kWordBits = 64;

  BitRing(std::span<BitWord> words, std::size_t rotation) noexcept
      : words_(words.data()), mask_(words.size() - 1), rotation_(rotation) {}

  [[nodiscard]] std::uint64_t load(std::uint64_t number) const noexcept {
    return word(number).load(std::memory_order_acquire);
  }
  void store(std::uint64_t number, std::uint64_t bits) const noexcept {
    word(number).store(bits, std::memory_order_release);
  }
  /// The word that holds the number's bit.
  [[nodiscard]] BitWord& word(std::uint64_t number) const noexcept {
    return words_[(number / kWordBits + rotation_) & mask_];
  }
  [[nodiscard]] bool share_word(std::uint64_t a, std::uint64_t b) const noexcept {
    return ((a / kWordBits ^ b / kWordBits) & mask_) == 0;
  }
  [[nodiscard]] std::uint64_t width() const noexcept { return (mask_ + 1) * kWordBits; }
  void clear() const noexcept {
    for (std::uint64_t i = 0; i <= mask_; ++i) words_[i].store(0, std::memory_order_release);
  }

 private:
  BitWord* words_;
  std::uint64_t mask_;
  std::uint64_t rotation_;
};

/// The bitmap of entry `number` of a table whose bitmaps have `words` words each.
[[nodiscard]] inline BitRing ring_of(std::span<BitWord> bits, std::size_t number,
                                     std::size_t words) noexcept {
  constexpr std::size_t kWordsOfLine = kCacheLineBytes / sizeof(BitWord);
  return {bits.subspan(number * words, words), number * kWordsOfLine};
}

/// The result of marking a run of numbers. Bit i stands for the i-th number of the run; a number in
/// neither `duplicate` nor `stale` is new.
struct RunMark {
  std::uint64_t duplicate = 0;  ///< inside the window, and marked before
  std::uint64_t stale = 0;      ///< below the window
  std::uint64_t lost = 0;       ///< numbers that left the window and never came
  std::uint64_t late = 0;       ///< numbers that are new, but below the highest one
  std::uint64_t depth = 0;      ///< how far below the highest one the lowest of them was
};

/// The bounds of a window, and the word with the bit of its highest number, which nearly every new
/// number needs. The other bits lie in a BitRing that is handed to every call; its copy of that
/// word is not used. A plain value: whoever shares it stores its fields where others read them.
struct SequenceWindow {
  std::uint64_t highest = 0;
  /// The number of the first contact: lower ones may never have been sent.
  std::uint64_t first = 0;
  std::uint64_t head = 0;  ///< the word of `highest`

  static constexpr std::uint64_t kMaxRun = 64;

  /// First contact: `sequence` is the highest, lower ones inside the window are new.
  void begin(BitRing bits, std::uint64_t sequence) noexcept;

  /// Judges and marks `sequence`, `sequence` + 1 ...: `count` of them, 1 to kMaxRun, in that order.
  /// A run that goes past 2^64 - 1 continues with 0, which counts as the lowest number, not as the
  /// next one. What is below `floor` and not marked is stale too.
  [[nodiscard]] RunMark mark_run(BitRing bits, std::uint64_t sequence, std::uint64_t count,
                                 std::uint64_t floor = 0) noexcept;

  /// How many numbers of the window were sent, as far as can be told, and have not come. If the
  /// window was read in the middle of a change, the answer may be anything up to the window's
  /// width.
  [[nodiscard]] std::uint64_t missing(BitRing bits) const noexcept;

  /// The bits of the 64 numbers that end with `last`, which gets the highest bit. Bits of numbers
  /// outside the window, or below 0, are 0.
  [[nodiscard]] std::uint64_t bits_up_to(BitRing bits, std::uint64_t last) const noexcept;
  /// The reverse: sets those bits while a window is restored into a cleared bitmap.
  void set_bits_up_to(BitRing bits, std::uint64_t last, std::uint64_t marked) noexcept;

 private:
  void mark_below(BitRing bits, std::uint64_t from, std::uint64_t count, std::uint64_t floor,
                  std::uint64_t done, RunMark& mark) noexcept;
  [[nodiscard]] std::uint64_t enter(BitRing bits, std::uint64_t from, std::uint64_t count) noexcept;
  [[nodiscard]] std::uint64_t skip_to(BitRing bits, std::uint64_t sequence) noexcept;
  [[nodiscard]] std::uint64_t load(BitRing bits, std::uint64_t number) const noexcept {
    return bits.share_word(number, highest) ? head : bits.load(number);
  }
  void set(BitRing bits, std::uint64_t number, std::uint64_t word) noexcept {
    if (bits.share_word(number, highest)) {
      head = word;
    } else {
      bits.store(number, word);
    }
  }
};

[[nodiscard]] constexpr std::uint64_t ones(std::uint64_t bits) noexcept {
  return static_cast<std::uint64_t>(std::popcount(bits));
}

/// Bits [from, to] of a word.
[[nodiscard]] constexpr std::uint64_t bits_between(std::uint64_t from, std::uint64_t to) noexcept {
  return (~std::uint64_t{0} >> (BitRing::kWordBits - 1 - (to - from))) << from;
}

}  // namespace esc::identity
