#include "identity/sequence_window.hpp"

#include <algorithm>
#include <bit>

namespace esc::identity {
namespace {

constexpr std::uint64_t kWordBits = BitRing::kWordBits;

// Bits [from, to] of a word.
std::uint64_t bits_between(std::uint64_t from, std::uint64_t to) noexcept {
  return (~std::uint64_t{0} >> (kWordBits - 1 - (to - from))) << from;
}

}  // namespace

// Takes in highest + 1 .. sequence, unmarked; the numbers W below them leave. At most one pass over
// the bitmap. Returns how many that left were never marked.
std::uint64_t SequenceWindow::advance(BitRing bits, std::uint64_t sequence) noexcept {
  const std::uint64_t window = bits.width();
  const bool apart = sequence - highest > window;
  // Those between the two windows were never in one.
  std::uint64_t lost = apart ? sequence - window - highest : 0;
  const std::uint64_t from = highest + 1;
  const std::uint64_t to = apart ? highest + window : sequence;
  // What leaves as n is taken in counts only from n = first + W on.
  const std::uint64_t counts_from = to - first >= window ? std::max(from, first + window) : to + 1;
  for (std::uint64_t n = from;;) {
    const std::uint64_t end = std::min(n | (kWordBits - 1), to);
    std::uint64_t& word = bits.word(n);
    if (counts_from <= end) {
      const std::uint64_t counted =
          bits_between(std::max(n, counts_from) % kWordBits, end % kWordBits);
      lost += static_cast<std::uint64_t>(std::popcount(~word & counted));
    }
    word &= ~bits_between(n % kWordBits, end % kWordBits);
    if (end == to) break;
    n = end + 1;
  }
  highest = sequence;
  return lost;
}

std::uint64_t SequenceWindow::missing(BitRing bits) const noexcept {
  const std::uint64_t window = bits.width();
  const std::uint64_t from = highest - first >= window ? highest - window + 1 : first;
  std::uint64_t unmarked = 0;
  for (std::uint64_t n = from;;) {
    const std::uint64_t end = std::min(n | (kWordBits - 1), highest);
    const std::uint64_t word = bits.word(n);
    unmarked += static_cast<std::uint64_t>(
        std::popcount(~word & bits_between(n % kWordBits, end % kWordBits)));
    if (end == highest) break;
    n = end + 1;
  }
  return unmarked;
}

}  // namespace esc::identity
