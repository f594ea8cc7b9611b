// SPDX-License-Identifier: BSD-3-Clause
#include "identity/sequence_window.hpp"

#include <algorithm>
#include <bit>

namespace esc::identity {
namespace {

constexpr std::uint64_t kWordBits = BitRing::kWordBits;

}  // namespace

void SequenceWindow::begin(BitRing bits, std::uint64_t sequence) noexcept {
  bits.clear();
  highest = first = sequence;
  head = std::uint64_t{1} << (sequence % kWordBits);
}

RunMark SequenceWindow::mark_run(BitRing bits, std::uint64_t sequence, std::uint64_t count,
                                 std::uint64_t floor) noexcept {
  RunMark mark;
  for (std::uint64_t done = 0; done < count;) {
    // A piece lies in one word, and either all of it is above the highest number or none of it.
    const std::uint64_t from = sequence + done;
    std::uint64_t piece = std::min(count - done, kWordBits - from % kWordBits);
    if (from > highest) {
      mark.lost += enter(bits, from, piece);
    } else {
      piece = std::min(piece - 1, highest - from) + 1;
      mark_below(bits, from, piece, floor, done, mark);
    }
    done += piece;
  }
  return mark;
}

// Marks a piece that is not above the highest number; `done` numbers of the run came before it.
void SequenceWindow::mark_below(BitRing bits, std::uint64_t from, std::uint64_t count,
                                std::uint64_t floor, std::uint64_t done, RunMark& mark) noexcept {
  const std::uint64_t window = bits.width();
  if (const std::uint64_t behind = highest - from; behind >= window) {
    const std::uint64_t below = std::min(behind - window + 1, count);
    mark.stale |= bits_between(done, done + below - 1);
    if (below == count) return;
    from += below;
    count -= below;
    done += below;
  }
  const std::uint64_t at = from % kWordBits;
  const std::uint64_t all = bits_between(at, at + count - 1);
  const std::uint64_t word = load(bits, from);
  std::uint64_t fresh = all & ~word;
  mark.duplicate |= (all & word) >> at << done;
  if (floor > from) {
    const std::uint64_t below = fresh & bits_between(at, at + std::min(floor - from, count) - 1);
    mark.stale |= below >> at << done;
    fresh &= ~below;
  }
  if (fresh == 0) return;
  set(bits, from, word | fresh);
  const std::uint64_t lowest = from - at + static_cast<std::uint64_t>(std::countr_zero(fresh));
  mark.late += ones(fresh);
  mark.depth = std::max(mark.depth, highest - lowest);
}

// Takes in and marks a piece above the highest number. Returns how many of the numbers that left
// the window were never marked.
std::uint64_t SequenceWindow::enter(BitRing bits, std::uint64_t from,
                                    std::uint64_t count) noexcept {
  std::uint64_t lost = 0;
  if (from - highest != 1) lost = skip_to(bits, from - 1);
  if (from % kWordBits == 0) {
    bits.store(highest, head);
    head = bits.load(from);
  }
  const std::uint64_t at = from % kWordBits;
  const std::uint64_t all = bits_between(at, at + count - 1);
  // As each number is taken in, one leaves; it counts as lost if it was sent, as far as can be
  // told.
  const std::uint64_t last = from + count - 1;
  if (last - first >= bits.width()) {
    const std::uint64_t counts_from = std::max(from, first + bits.width());
    lost += ones(all & ~head & bits_between(counts_from % kWordBits, at + count - 1));
  }
  head |= all;
  highest = last;
  return lost;
}

// Takes in highest + 1 .. sequence without marking them; for each, the number W below it leaves. At
// most one pass over the bitmap. Returns how many of the numbers that left were never marked.
std::uint64_t SequenceWindow::skip_to(BitRing bits, std::uint64_t sequence) noexcept {
  const std::uint64_t window = bits.width();
  const bool apart = sequence - highest > window;
  // The numbers between the old and the new window were never in a window.
  std::uint64_t lost = apart ? sequence - window - highest : 0;
  const std::uint64_t from = highest + 1;
  const std::uint64_t to = apart ? highest + window : sequence;
  const std::uint64_t counts_from = to - first >= window ? std::max(from, first + window) : to + 1;
  bits.store(highest, head);
  for (std::uint64_t n = from;;) {
    const std::uint64_t end = std::min(n | (kWordBits - 1), to);
    const std::uint64_t word = bits.load(n);
    if (counts_from <= end) {
      lost += ones(~word & bits_between(std::max(n, counts_from) % kWordBits, end % kWordBits));
    }
    bits.store(n, word & ~bits_between(n % kWordBits, end % kWordBits));
    if (end == to) break;
    n = end + 1;
  }
  highest = sequence;
  head = bits.load(sequence);
  return lost;
}

std::uint64_t SequenceWindow::missing(BitRing bits) const noexcept {
  const std::uint64_t window = bits.width();
  const std::uint64_t from = highest - first >= window ? highest - window + 1 : first;
  if (from > highest) return 0;  // read in the middle of a change
  std::uint64_t unmarked = 0;
  for (std::uint64_t n = from;;) {
    const std::uint64_t end = std::min(n | (kWordBits - 1), highest);
    unmarked += ones(~load(bits, n) & bits_between(n % kWordBits, end % kWordBits));
    if (end == highest) break;
    n = end + 1;
  }
  return unmarked;
}

std::uint64_t SequenceWindow::bits_up_to(BitRing bits, std::uint64_t last) const noexcept {
  const std::uint64_t at = last % kWordBits;
  std::uint64_t found = load(bits, last) << (kWordBits - 1 - at);
  if (at != kWordBits - 1 && last > at) found |= load(bits, last - at - 1) >> (at + 1);
  const std::uint64_t behind = highest - last;
  if (behind >= bits.width()) return 0;
  const std::uint64_t inside = std::min(bits.width() - behind, kWordBits);
  return found & bits_between(kWordBits - inside, kWordBits - 1);
}

void SequenceWindow::set_bits_up_to(BitRing bits, std::uint64_t last,
                                    std::uint64_t marked) noexcept {
  const std::uint64_t at = last % kWordBits;
  set(bits, last, load(bits, last) | marked >> (kWordBits - 1 - at));
  if (at == kWordBits - 1 || last <= at) return;
  const std::uint64_t below = last - at - 1;
  set(bits, below, load(bits, below) | marked << (at + 1));
}

}  // namespace esc::identity
