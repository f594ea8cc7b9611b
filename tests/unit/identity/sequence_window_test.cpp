// SPDX-License-Identifier: BSD-3-Clause
// The window against a model that keeps every number in a set.
#include "identity/sequence_window.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

namespace esc::identity {
namespace {

constexpr std::uint64_t kMax = UINT64_MAX;

/// The result of marking one number.
struct SequenceMark {
  enum Verdict { kNew, kDuplicate, kStale };
  Verdict verdict = kNew;
  std::uint64_t lost = 0;
  std::uint64_t behind = 0;  ///< of a new one
};

/// The rules, implemented in the slow way.
class Model {
 public:
  Model(std::uint64_t window, std::uint64_t first, std::uint64_t floor = 0)
      : window_(window), floor_(floor), first_(first), highest_(first) {
    seen_.insert(first);
  }

  SequenceMark mark(std::uint64_t sequence) {
    if (sequence > highest_) {
      SequenceMark mark;
      mark.lost = lost_up_to(sequence);
      highest_ = sequence;
      seen_.insert(sequence);
      return mark;
    }
    const std::uint64_t behind = highest_ - sequence;
    if (behind >= window_) return {SequenceMark::kStale, 0, 0};
    if (sequence < floor_ && !seen_.contains(sequence)) return {SequenceMark::kStale, 0, 0};
    const bool fresh = seen_.insert(sequence).second;
    return {fresh ? SequenceMark::kNew : SequenceMark::kDuplicate, 0, fresh ? behind : 0};
  }

  [[nodiscard]] bool seen(std::uint64_t number) const {
    return number <= highest_ && highest_ - number < window_ && seen_.contains(number);
  }
  [[nodiscard]] std::uint64_t highest() const { return highest_; }

  [[nodiscard]] std::uint64_t missing() const {
    std::uint64_t count = 0;
    for (std::uint64_t back = 0; back < window_ && highest_ - back >= first_; ++back) {
      count += seen_.count(highest_ - back) == 0 ? 1U : 0U;
      if (highest_ - back == first_) break;
    }
    return count;
  }

 private:
  /// Counts the numbers that are lost once `sequence` is the highest: they are below the new
  /// window, were not below the old one, and were never seen. None is before the first contact.
  [[nodiscard]] std::uint64_t lost_up_to(std::uint64_t sequence) const {
    std::uint64_t lost = 0;
    for (std::uint64_t n = first_; n < sequence; ++n) {
      const bool was_in = n > highest_ || highest_ - n < window_;
      const bool leaves = sequence - n >= window_;
      if (was_in && leaves && seen_.count(n) == 0) ++lost;
    }
    return lost;
  }

  std::uint64_t window_;
  std::uint64_t floor_;
  std::uint64_t first_;
  std::uint64_t highest_;
  std::set<std::uint64_t> seen_;
};

struct Subject {
  Subject(std::size_t window, std::uint64_t first, std::size_t rotation = 5)
      : words(window / 64), bits(words, rotation) {
    for (BitWord& word : words) word = kMax;  // of a producer before
    window_of.begin(bits, first);
  }
  SequenceMark mark(std::uint64_t sequence) {
    const RunMark run = window_of.mark_run(bits, sequence, 1);
    EXPECT_LE(run.duplicate | run.stale, 1U);
    EXPECT_EQ(run.late, run.depth == 0 ? 0U : 1U);
    if (run.stale != 0) return {SequenceMark::kStale, run.lost, run.depth};
    if (run.duplicate != 0) return {SequenceMark::kDuplicate, run.lost, run.depth};
    return {SequenceMark::kNew, run.lost, run.depth};
  }

  std::vector<BitWord> words;
  BitRing bits;
  SequenceWindow window_of;
};

void expect_same(Subject& subject, Model& model, std::uint64_t sequence) {
  const SequenceMark found = subject.mark(sequence);
  const SequenceMark expected = model.mark(sequence);
  ASSERT_EQ(found.verdict, expected.verdict) << sequence;
  ASSERT_EQ(found.lost, expected.lost) << sequence;
  ASSERT_EQ(found.behind, expected.behind) << sequence;
}

/// Compares marking a run at once with marking its numbers one by one.
void expect_same_run(Subject& subject, Model& model, std::uint64_t sequence, std::uint64_t count,
                     std::uint64_t floor = 0) {
  const RunMark found = subject.window_of.mark_run(subject.bits, sequence, count, floor);
  RunMark expected;
  for (std::uint64_t i = 0; i < count; ++i) {
    const SequenceMark one = model.mark(sequence + i);
    if (one.verdict == SequenceMark::kDuplicate) expected.duplicate |= std::uint64_t{1} << i;
    if (one.verdict == SequenceMark::kStale) expected.stale |= std::uint64_t{1} << i;
    expected.lost += one.lost;
    expected.late += one.behind != 0 ? 1U : 0U;
    expected.depth = std::max(expected.depth, one.behind);
  }
  ASSERT_EQ(found.duplicate, expected.duplicate) << sequence << " + " << count;
  ASSERT_EQ(found.stale, expected.stale) << sequence << " + " << count;
  ASSERT_EQ(found.lost, expected.lost) << sequence << " + " << count;
  ASSERT_EQ(found.late, expected.late) << sequence << " + " << count;
  ASSERT_EQ(found.depth, expected.depth) << sequence << " + " << count;
  ASSERT_EQ(subject.window_of.missing(subject.bits), model.missing()) << sequence;
}

TEST(SequenceWindow, AgreesWithTheModelOnEveryShortHistory) {
  // Six numbers from around the edges of a window of 64, in every order and with repetition.
  constexpr std::uint64_t kFirst = 100;
  const std::vector<std::uint64_t> choices = {36, 37, 99, 101, 102, 163, 164, 165, 228, 300};
  constexpr int kLength = 5;
  std::size_t histories = 1;
  for (int i = 0; i < kLength; ++i) histories *= choices.size();
  for (std::size_t history = 0; history < histories; ++history) {
    Subject subject(64, kFirst);
    Model model(64, kFirst);
    std::size_t rest = history;
    for (int i = 0; i < kLength; ++i, rest /= choices.size()) {
      const std::uint64_t sequence = choices[rest % choices.size()];
      expect_same(subject, model, sequence);
      if (HasFatalFailure()) return;
    }
    ASSERT_EQ(subject.window_of.missing(subject.bits), model.missing()) << history;
  }
}

TEST(SequenceWindow, AgreesWithTheModelOnRandomTraffic) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    const std::uint64_t first = seed % 4 == 0 ? random() % 50 : 1000 + random() % 1000;
    Subject subject(128, first, seed);
    Model model(128, first);
    std::uint64_t at = first;
    for (int i = 0; i < 600; ++i) {
      const std::uint64_t kind = random() % 10;
      std::uint64_t sequence = at + 1;
      if (kind == 0) sequence = at + 1 + random() % 5;
      if (kind == 1) sequence = at + 60 + random() % 140;
      if (kind >= 7) sequence = at - std::min(at, random() % 200);
      expect_same(subject, model, sequence);
      if (HasFatalFailure()) return;
      at = std::max(at, sequence);
      ASSERT_EQ(subject.window_of.missing(subject.bits), model.missing());
    }
  }
}

TEST(SequenceWindow, RunsAcrossWordsAndEdgesAgreeWithTheModel) {
  // Every start around the window and every length, after a history with holes in every word.
  for (const std::uint64_t window : {64U, 128U}) {
    for (std::uint64_t from = 250; from < 700; from += 1) {
      for (const std::uint64_t count : {1U, 2U, 7U, 8U, 31U, 63U, 64U}) {
        Subject subject(window, 300, from);
        Model model(window, 300);
        for (const std::uint64_t before : {301U, 330U, 390U, 391U, 449U, 450U, 460U, 500U}) {
          (void)subject.mark(before);
          (void)model.mark(before);
        }
        expect_same_run(subject, model, from, count);
        expect_same_run(subject, model, from, count);          // once more
        expect_same_run(subject, model, from + count - 1, 2);  // and what follows
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(SequenceWindow, RandomRunsAgreeWithTheModel) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    const std::uint64_t window = 64U << seed % 3;
    const std::uint64_t first = seed % 5 == 0 ? random() % 70 : 1000 + random() % 1000;
    const std::uint64_t floor = seed % 2 == 0 ? 0 : first - std::min(first, random() % 50);
    Subject subject(window, first, seed);
    Model model(window, first, floor);
    for (int i = 0; i < 300; ++i) {
      const std::uint64_t at = model.highest();
      const std::uint64_t kind = random() % 8;
      std::uint64_t sequence = at + 1;
      if (kind == 0) sequence = at + 1 + random() % 200;
      if (kind >= 5) sequence = at - std::min(at, random() % (window + 80));
      expect_same_run(subject, model, sequence, 1 + random() % 64, floor);
      if (HasFatalFailure()) return;
    }
    for (std::uint64_t back = 0; back < 2 * window; ++back) {
      const std::uint64_t last = model.highest() - std::min(back, model.highest());
      std::uint64_t expected = 0;
      for (std::uint64_t i = 0; i < 64 && i <= last; ++i) {
        if (model.seen(last - i)) expected |= std::uint64_t{1} << (63 - i);
      }
      ASSERT_EQ(subject.window_of.bits_up_to(subject.bits, last), expected) << last;
    }
  }
}

TEST(SequenceWindow, JumpsOfAnySizeCountWhatTheySkip) {
  Subject subject(64, 10);
  EXPECT_EQ(subject.mark(10 + 64).lost, 0U);        // 10 leaves, and it had come
  EXPECT_EQ(subject.mark(10 + 64 + 64).lost, 63U);  // 11 .. 73 did not
  const SequenceMark far = subject.mark(std::uint64_t{1} << 63);
  EXPECT_EQ(far.lost, (std::uint64_t{1} << 63) - 64 - 138 + 63);
  EXPECT_EQ(subject.mark(kMax).verdict, SequenceMark::kNew);
}

// A reader takes the fields one by one while their writer begins anew.
TEST(SequenceWindow, OneReadInTheMiddleOfAChangeMissesNoMoreThanThereIs) {
  std::vector<BitWord> words(2);
  const BitRing bits(words, 0);
  for (const std::uint64_t highest : {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{200}}) {
    for (const std::uint64_t first : {highest + 1, highest + 64, highest + 130, kMax}) {
      const SequenceWindow torn{.highest = highest, .first = first, .head = 0};
      EXPECT_LE(torn.missing(bits), std::min(bits.width(), highest + 1)) << first;
    }
  }
}

TEST(SequenceWindow, NumbersDoNotWrap) {
  Subject subject(64, kMax - 1);
  EXPECT_EQ(subject.mark(kMax).verdict, SequenceMark::kNew);
  EXPECT_EQ(subject.mark(0).verdict, SequenceMark::kStale);
  EXPECT_EQ(subject.mark(kMax).verdict, SequenceMark::kDuplicate);
  EXPECT_EQ(subject.mark(kMax - 63).verdict, SequenceMark::kNew);
  EXPECT_EQ(subject.mark(kMax - 64).verdict, SequenceMark::kStale);
  EXPECT_EQ(subject.window_of.missing(subject.bits), 0U);

  Subject low(64, 0);
  EXPECT_EQ(low.mark(0).verdict, SequenceMark::kDuplicate);
  EXPECT_EQ(low.mark(1).verdict, SequenceMark::kNew);
}

}  // namespace
}  // namespace esc::identity
