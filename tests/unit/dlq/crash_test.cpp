// SPDX-License-Identifier: BSD-3-Clause
// Simulates a loss of power at every step of a log's life, with every kind of half-written data.
// Afterwards everything that was called durable is there, nothing is there that was not written,
// and each segment has the first records that were put into it.
//
// ESC_CRASH_POINTS=1000000 asks for that many losses (tests by default: some thousands).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dlq/scan.hpp"
#include "dlq/segment_log.hpp"
#include "simulated_disk.hpp"

namespace esc::dlq::testing {
namespace {

constexpr std::uint64_t kCrashSegmentBytes = 6 * kBlockBytes;
constexpr std::uint64_t kGenerations = 4;  // starts on one disk, each after a loss

using Key = std::pair<std::uint64_t, std::uint64_t>;  // run, id

struct Given {
  Letter letter;
  Bytes frame;
  bool operator==(const Given&) const = default;
};

/// What was given to the log, and from which step on it must be on the disk.
struct Known {
  std::map<Key, Given> given;
  std::map<Key, std::uint64_t> segment_of;            ///< the segment of each durable letter
  std::map<Key, std::size_t> durable_from;            ///< steps done when the log said so
  std::map<std::uint64_t, std::size_t> retired_from;  ///< by segment: steps before it was retired
  std::map<std::uint64_t, std::size_t> gone_from;     ///< by segment: steps until it was gone
};

Given make_given(Random& random) {
  Given given;
  given.letter.received_ns = random();
  given.letter.died_ns = random();
  given.letter.producer = random();
  given.letter.sequence = random();
  given.letter.epoch = static_cast<std::uint32_t>(random());
  given.letter.port = static_cast<std::uint16_t>(random());
  given.letter.reason = static_cast<std::uint8_t>(random() % 8);
  given.letter.stage = Stage::kWorker;
  given.letter.flags = kSequenced;
  given.frame.resize(8 + random() % (random() % 4 == 0 ? 5000 : 200));
  for (std::byte& byte : given.frame) byte = static_cast<std::byte>(random());
  return given;
}

/// One start of an appliance on a disk: writes some commits, while the disk may fail.
class Life {
 public:
  Life(const Image& image, std::uint64_t run, Known& known, Random& random)
      : disk_(image, random()),
        known_(known),
        random_(random),
        run_(run),
        log_(disk_, settings(run), begin_on(image)),
        buffer_(3 * kBlockBytes, run) {
    for (const auto& [name, content] : image) {
      if (const auto number = segment_number(name)) {
        const FoundSegment found = scan_segment(*number, content);
        log_.keep({*number, content.size(), found.last_died_ns, found.records,
                   content.size() == kCrashSegmentBytes});
      } else if (spare_number(name) && content.size() == kCrashSegmentBytes) {
        log_.keep_spare(name);
      }
    }
  }

  void live() {
    if (random_() % 3 == 0) {
      disk_.set_faults({.write = 0.05,
                        .sync = 0.05,
                        .create = 0.1,
                        .rename = 0.1,
                        .remove = 0.1,
                        .sync_folder = 0.05});
    }
    const std::uint64_t commits = 3 + random_() % 12;
    for (std::uint64_t i = 0; i < commits; ++i) {
      commit(i);
      if (random_() % 4 == 0 && log_.kept().size() > 1) retire();
      if (random_() % 16 == 0) log_.close(i);
    }
    if (random_() % 2 == 0) log_.close(commits);
  }

  [[nodiscard]] const SimulatedDisk& disk() const { return disk_; }

 private:
  static LogSettings settings(std::uint64_t run) {
    return {.instance = "test",
            .segment_bytes = kCrashSegmentBytes,
            .run = run,
            .retry_ns = 2,
            .max_spares = 2};
  }
  static std::uint64_t begin_on(const Image& image) {
    std::uint64_t next = 1;
    for (const auto& [name, content] : image) {
      const auto number = segment_number(name);
      if (number) next = std::max(next, *number + 1);
      // A number must not come again while its spare file has the old header.
      if (const auto spare = spare_number(name)) next = std::max(next, *spare + 1);
    }
    return next;
  }

  void commit(std::uint64_t tick) {
    buffer_.clear();
    std::vector<Key> keys;
    for (std::uint64_t n = 1 + random_() % 4; n != 0; --n) {
      const Given given = make_given(random_);
      if (!buffer_.add(next_id_, given.letter, given.frame)) break;
      keys.emplace_back(run_, next_id_++);
      known_.given.emplace(keys.back(), given);
    }
    if (keys.empty()) return;
    if (log_.commit(buffer_, 1000 + tick, tick) != 0) return;
    for (const Key& key : keys) {
      known_.durable_from[key] = disk_.steps().size();
      known_.segment_of[key] = log_.number();
    }
  }
  void retire() {
    known_.retired_from.emplace(log_.kept().front().number, disk_.steps().size());
    const std::uint64_t number = log_.kept().front().number;
    if (log_.remove_oldest() == 0) known_.gone_from.emplace(number, disk_.steps().size());
  }

  SimulatedDisk disk_;
  Known& known_;
  Random& random_;
  std::uint64_t run_;
  SegmentLog log_;
  CommitBuffer buffer_;
  std::uint64_t next_id_ = 1;
};

/// Reads everything on an image, and compares it with what must be there after `steps` steps.
void judge(const Image& image, const Known& known, std::size_t steps) {
  std::set<Key> found;
  for (const auto& [name, content] : image) {
    const auto number = segment_number(name);
    if (!number) continue;
    const ReadHeader read = read_header(content);
    const FoundSegment scanned = scan_segment(*number, content);
    ASSERT_NE(scanned.state, SegmentState::kForeign) << name;
    ASSERT_NE(scanned.state, SegmentState::kNewer) << name;
    if (scanned.state != SegmentState::kSound) continue;
    SegmentCursor cursor(content, read.header);
    std::uint64_t expected = read.header.first_id;
    while (const auto record = cursor.next()) {
      ASSERT_EQ(record->id, expected++) << name;
      const Key key{read.header.run, record->id};
      const auto given = known.given.find(key);
      ASSERT_NE(given, known.given.end()) << "invented: " << key.first << ' ' << key.second;
      ASSERT_EQ(record->letter, given->second.letter);
      ASSERT_TRUE(std::ranges::equal(record->frame, given->second.frame));
      ASSERT_TRUE(found.insert(key).second) << "twice: " << key.first << ' ' << key.second;
    }
    ASSERT_EQ(scanned.records, expected - read.header.first_id);
    ASSERT_EQ(scanned.records_behind, 0U) << name << ": a torn end is no damage";
  }
  for (const auto& [key, from] : known.durable_from) {
    if (from > steps) continue;
    const auto retired = known.retired_from.find(known.segment_of.at(key));
    if (retired != known.retired_from.end() && retired->second < steps) {
      const auto gone = known.gone_from.find(known.segment_of.at(key));
      if (gone != known.gone_from.end() && gone->second <= steps) {
        ASSERT_FALSE(found.contains(key)) << "back: run " << key.first << " id " << key.second;
      }
      continue;
    }
    ASSERT_TRUE(found.contains(key)) << "lost: run " << key.first << " id " << key.second;
  }
}

/// Several starts on one disk, one after the other, with losses of power at each of their steps;
/// returns how many losses.
std::uint64_t lose_power(std::uint64_t seed) {
  Random random(seed);
  Known known;
  Image image;
  std::uint64_t points = 0;
  for (std::uint64_t generation = 1; generation <= kGenerations; ++generation) {
    Life life(image, seed * kGenerations + generation, known, random);
    life.live();
    const std::vector<Step>& steps = life.disk().steps();
    const std::size_t last = random() % (steps.size() + 1);
    DiskState state(life.disk().start());
    Image next;
    for (std::size_t done = 0; done <= steps.size(); ++done) {
      if (done != 0) state.apply(steps[done - 1]);
      for (int variant = 0; variant < 2; ++variant, ++points) {
        Image after = state.after_power_loss(random);
        judge(after, known, done);
        if (::testing::Test::HasFatalFailure()) {
          ADD_FAILURE() << "seed " << seed << ", start " << generation << ", step " << done;
          return points;
        }
        if (done == last) next = std::move(after);
      }
    }
    // The next start continues from what one of the losses left; the steps after that loss are
    // undone.
    image = std::move(next);
    std::erase_if(known.durable_from, [&](const auto& entry) { return entry.second > last; });
    std::erase_if(known.retired_from, [&](const auto& entry) { return entry.second >= last; });
    for (auto& [segment, from] : known.retired_from) from = 0;
    std::erase_if(known.durable_from, [&](const auto& entry) {
      return known.retired_from.contains(known.segment_of.at(entry.first));
    });
    known.retired_from.clear();
    known.gone_from.clear();
    for (auto& [key, from] : known.durable_from) from = 0;
  }
  return points;
}

TEST(Crash, NothingDurableIsLostAndNothingIsInvented) {
  const char* wanted = std::getenv("ESC_CRASH_POINTS");
  const std::uint64_t points = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 20'000;
  const char* first = std::getenv("ESC_CRASH_SEED");
  std::uint64_t seed = first != nullptr ? std::strtoull(first, nullptr, 10) : 1;
  std::uint64_t done = 0;
  for (; done < points && !HasFatalFailure(); ++seed) {
    done += lose_power(seed);
    if (HasFailure()) break;
  }
  std::cout << "[ crashes  ] " << done << " losses of power, up to seed " << seed << '\n';
}

}  // namespace
}  // namespace esc::dlq::testing
