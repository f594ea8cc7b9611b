// The window against a model that keeps every number in a set.
#include "identity/sequence_window.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace esc::identity {
namespace {

constexpr std::uint64_t kMax = UINT64_MAX;

/// What the rules say, kept the slow way.
class Model {
 public:
  Model(std::uint64_t window, std::uint64_t first)
      : window_(window), first_(first), highest_(first) {
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
    if (behind >= window_) return {SequenceVerdict::kStale, 0, behind};
    const bool fresh = seen_.insert(sequence).second;
    return {fresh ? SequenceVerdict::kNew : SequenceVerdict::kDuplicate, 0, behind};
  }

  [[nodiscard]] std::uint64_t missing() const {
    std::uint64_t count = 0;
    for (std::uint64_t back = 0; back < window_ && highest_ - back >= first_; ++back) {
      count += seen_.count(highest_ - back) == 0 ? 1U : 0U;
      if (highest_ - back == first_) break;
    }
    return count;
  }

 private:
  /// Of the numbers from first contact on that are above `highest_ - window_` now, those that are
  /// not above `sequence - window_` and were never seen.
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
  std::uint64_t first_;
  std::uint64_t highest_;
  std::set<std::uint64_t> seen_;
};

void expect_same(const SequenceMark& found, const SequenceMark& expected, std::uint64_t sequence) {
  ASSERT_EQ(found.verdict, expected.verdict) << sequence;
  ASSERT_EQ(found.lost, expected.lost) << sequence;
  ASSERT_EQ(found.behind, expected.behind) << sequence;
}

struct Subject {
  Subject(std::size_t window, std::uint64_t first, std::size_t rotation = 5)
      : words(window / 64, kMax), bits(words, rotation) {
    window_of.begin(bits, first);
  }
  SequenceMark mark(std::uint64_t sequence) { return window_of.mark(bits, sequence); }

  std::vector<std::uint64_t> words;
  BitRing bits;
  SequenceWindow window_of;
};

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
      expect_same(subject.mark(sequence), model.mark(sequence), sequence);
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
      expect_same(subject.mark(sequence), model.mark(sequence), sequence);
      if (HasFatalFailure()) return;
      at = std::max(at, sequence);
      ASSERT_EQ(subject.window_of.missing(subject.bits), model.missing());
    }
  }
}

TEST(SequenceWindow, JumpsOfAnySizeCountWhatTheySkip) {
  Subject subject(64, 10);
  EXPECT_EQ(subject.mark(10 + 64).lost, 0U);        // 10 leaves, and it had come
  EXPECT_EQ(subject.mark(10 + 64 + 64).lost, 63U);  // 11 .. 73 did not
  const SequenceMark far = subject.mark(std::uint64_t{1} << 63);
  EXPECT_EQ(far.lost, (std::uint64_t{1} << 63) - 64 - 138 + 63);
  EXPECT_EQ(subject.mark(kMax).verdict, SequenceVerdict::kNew);
}

TEST(SequenceWindow, NumbersDoNotWrap) {
  Subject subject(64, kMax - 1);
  EXPECT_EQ(subject.mark(kMax).verdict, SequenceVerdict::kNew);
  EXPECT_EQ(subject.mark(0).verdict, SequenceVerdict::kStale);
  EXPECT_EQ(subject.mark(kMax).verdict, SequenceVerdict::kDuplicate);
  EXPECT_EQ(subject.mark(kMax - 63).verdict, SequenceVerdict::kNew);
  EXPECT_EQ(subject.mark(kMax - 64).verdict, SequenceVerdict::kStale);
  EXPECT_EQ(subject.window_of.missing(subject.bits), 0U);

  Subject low(64, 0);
  EXPECT_EQ(low.mark(0).verdict, SequenceVerdict::kDuplicate);
  EXPECT_EQ(low.mark(1).verdict, SequenceVerdict::kNew);
}

}  // namespace
}  // namespace esc::identity
