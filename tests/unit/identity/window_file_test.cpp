// SPDX-License-Identifier: BSD-3-Clause
// Windows that are saved and loaded: what is restored, and what is refused.
#include "identity/window_file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <vector>

#include "identity/window_record.hpp"
#include "model.hpp"

namespace esc::identity::testing {
namespace {

constexpr std::uint64_t kHz = 1000;  // a cycle is a millisecond
constexpr std::uint64_t kMillis = 1'000'000;

Instant instant(std::uint64_t tsc, std::uint64_t wall_ms, std::uint64_t boot_ms, char boot = 'a') {
  Instant now{
      .tsc = tsc, .tsc_hz = kHz, .wall_ns = wall_ms * kMillis, .boot_ns = boot_ms * kMillis};
  now.boot.fill(boot);
  return now;
}

bool everyone(std::uint64_t /*producer*/) {
  return true;
}

class WindowFile : public ::testing::Test {
 protected:
  WindowFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "esc-windows-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ + "/windows";
  }
  ~WindowFile() override { std::filesystem::remove_all(folder_); }

  static ProducerTable::Settings settings(std::size_t window, std::size_t producers = 64) {
    return {.producers = producers, .window = window, .expiry_cycles = 10'000, .seed = 9};
  }
  SaveReport save(const OwnedTable& table, const Instant& now = instant(5000, 100, 200)) {
    const ProducerTable* const tables[] = {&table.table};
    return save_windows(path_, "demo", tables, now);
  }
  LoadReport load(OwnedTable& table, const Instant& now = instant(70, 100, 200)) {
    return load_windows(path_, "demo", table.table, everyone, now);
  }
  [[nodiscard]] std::vector<char> bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::vector<char>& bytes) const {
    std::ofstream(path_, std::ios::binary).write(bytes.data(), static_cast<long>(bytes.size()));
  }
  /// Writes any bytes with the right checksum, as a hostile author could.
  void write_summed(std::vector<char> bytes) const {
    const std::uint64_t sum = XXH3_64bits(bytes.data(), bytes.size() - 8);
    for (std::size_t i = 0; i < 8; ++i)
      bytes[bytes.size() - 8 + i] = static_cast<char>(sum >> 8 * i);
    write(bytes);
  }
  std::string refusal() {
    OwnedTable table(settings(128));
    try {
      (void)load(table);
    } catch (const WindowFileError& error) {
      EXPECT_EQ(table.table.totals().live.get(), 0U);
      EXPECT_EQ(table.table.totals().lost.get(), 0U);
      EXPECT_NE(std::string(error.what()).find(path_), std::string::npos);
      EXPECT_FALSE(error.fix().empty());
      return error.what();
    }
    return {};
  }

  std::string folder_;
  std::string path_;
};

/// Feeds producers with gaps: seen recently and long ago, with numbers from 0 and numbers near the
/// largest.
void feed(OwnedTable& table, TableModel& model, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (std::uint64_t producer = 0; producer < 24; ++producer) {
    std::uint64_t at = producer % 3 == 0 ? random() % 40 : random();
    const std::uint64_t length = random() % 5 == 0 ? 1 : random() % 900;
    for (std::uint64_t i = 0; i < length; ++i) {
      const std::uint64_t kind = random() % 16;
      std::uint64_t sequence = at;
      if (kind == 0) sequence += random() % 90;
      if (kind == 1) sequence -= std::min<std::uint64_t>(sequence, random() % 200);
      if (sequence < at && kind > 1) continue;
      at = std::max(at, sequence + 1);
      const wire::Identity identity{producer, sequence, static_cast<std::uint32_t>(producer)};
      const std::uint64_t now = 3000 + producer * 10;
      ASSERT_EQ(table.check(identity, now), model.judge(identity, now));
    }
  }
}

/// Checks by the rules how each number around a window is judged after loading.
void expect_restored(OwnedTable& loaded, const TableModel& model, std::uint64_t from_width) {
  const std::uint64_t to_width = loaded.settings.window;
  for (const auto& [producer, known] : model.known()) {
    const ProducerReader reader = loaded.table.reader();
    const auto figures = find_producer({&reader, 1}, producer, 70);
    ASSERT_TRUE(figures.has_value()) << producer;
    ASSERT_EQ(figures->highest, known.highest);
    ASSERT_EQ(figures->epoch, known.epoch);
    ASSERT_EQ(figures->age_cycles, 5000 - known.last_seen);
    // Those missing before are missing or lost now; none is counted twice or forgotten.
    ASSERT_EQ(figures->missing + figures->lost, model.missing(known)) << producer;
    ASSERT_EQ(figures->accepted + figures->duplicates + figures->stale + figures->epochs, 0U);
    for (std::uint64_t back = 0; back < 2 * std::max(from_width, to_width); ++back) {
      if (back > known.highest) break;
      const std::uint64_t number = known.highest - back;
      Verdict expected = Verdict::kStale;
      if (back < std::min(from_width, to_width)) {
        const bool seen = known.seen.contains(number);
        expected = seen                   ? Verdict::kDuplicate
                   : number < known.floor ? Verdict::kStale
                                          : Verdict::kNew;
      }
      ASSERT_EQ(loaded.check({producer, number, known.epoch}, 70), expected)
          << producer << ": " << known.highest << " - " << back;
    }
    ASSERT_EQ(loaded.check({producer, known.highest + 1, known.epoch}, 70),
              known.highest == UINT64_MAX ? Verdict::kStale : Verdict::kNew);
  }
}

TEST_F(WindowFile, WhatWasSeenIsStillSeenAtAnyWidth) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    for (const std::size_t from : {64U, 128U, 512U}) {
      OwnedTable saved(settings(from));
      TableModel model(settings(from));
      feed(saved, model, seed);
      const SaveReport report = save(saved);
      EXPECT_EQ(report.producers, model.known().size());
      EXPECT_EQ(report.bytes, std::filesystem::file_size(path_));
      for (const std::size_t to : {64U, 128U, 256U, 512U, 1024U}) {
        OwnedTable loaded(settings(to));
        const LoadReport loading = load(loaded);
        EXPECT_EQ(loading.loaded, model.known().size());
        EXPECT_EQ(loading.window, from);
        // Those missing before are missing or lost now: none is counted twice or forgotten.
        const ProducerTotals& totals = loaded.table.totals();
        EXPECT_EQ(totals.missing.get() + totals.lost.get(), model.missing_now());
        EXPECT_EQ(loading.lost, totals.lost.get());
        EXPECT_EQ(to < from || loading.lost == 0, true) << from << ' ' << to;
        expect_restored(loaded, model, from);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_F(WindowFile, AWidenedWindowStaysClosedBelowThroughAnotherFile) {
  OwnedTable narrow(settings(64));
  (void)narrow.check({1, 500, 1}, 4000);
  save(narrow);
  OwnedTable wide(settings(256));
  load(wide, instant(5000, 100, 200));
  save(wide);
  OwnedTable again(settings(256));
  load(again);
  EXPECT_EQ(again.check({1, 436, 1}, 70), Verdict::kStale);  // the narrow window never had it
  EXPECT_EQ(again.check({1, 437, 1}, 70), Verdict::kNew);
  EXPECT_EQ(again.check({1, 400, 2}, 70), Verdict::kNew);
  EXPECT_EQ(again.check({1, 390, 2}, 70), Verdict::kNew);  // another epoch is open below
}

TEST_F(WindowFile, SeveralTablesAreSharedOutAmongOthers) {
  OwnedTable one(settings(128));
  OwnedTable two(settings(128));
  for (std::uint64_t producer = 0; producer < 30; ++producer) {
    (void)(producer % 2 == 0 ? one : two).check({producer, 7, 1}, 4000);
  }
  const ProducerTable* const tables[] = {&one.table, &two.table};
  EXPECT_EQ(save_windows(path_, "demo", tables, instant(5000, 100, 200)).producers, 30U);
  for (std::uint64_t owner = 0; owner < 3; ++owner) {
    OwnedTable third(settings(128));
    const LoadReport report = load_windows(
        path_, "demo", third.table, [&](std::uint64_t producer) { return producer % 3 == owner; },
        instant(70, 100, 200));
    EXPECT_EQ(report.in_file, 30U);
    EXPECT_EQ(report.loaded, 10U);
    EXPECT_EQ(report.not_mine, 20U);
    for (std::uint64_t producer = 0; producer < 30; ++producer) {
      EXPECT_EQ(third.check({producer, 7, 1}, 70),
                producer % 3 == owner ? Verdict::kDuplicate : Verdict::kNew);
    }
  }
}

TEST_F(WindowFile, ASmallerTableTakesThoseThatWereSeenLast) {
  OwnedTable saved(settings(64));
  const std::vector<std::uint64_t> seen_at = {30, 10, 30, 50, 20, 30, 40};
  for (std::size_t i = 0; i < seen_at.size(); ++i) (void)saved.check({i, 7, 1}, seen_at[i]);
  save(saved, instant(60, 100, 200));
  OwnedTable small(settings(64, 4));
  const LoadReport report = load(small, instant(1'000'000, 100, 200));
  EXPECT_EQ(report.loaded, 4U);
  EXPECT_EQ(report.no_room, 3U);
  EXPECT_EQ(small.check({3, 7, 1}, 1'000'000), Verdict::kDuplicate);
  EXPECT_EQ(small.check({6, 7, 1}, 1'000'000), Verdict::kDuplicate);
  EXPECT_EQ(small.check({1, 7, 1}, 1'000'000), Verdict::kUntracked);
  EXPECT_EQ(small.check({4, 7, 1}, 1'000'000), Verdict::kUntracked);
}

// Numbers that are missing in a window that is not restored are lost, and do not count as missing
// any more.
TEST_F(WindowFile, GapsOfWindowsThatAreNotRestoredAreLost) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    OwnedTable saved(settings(512));
    TableModel model(settings(512));
    feed(saved, model, seed);
    ASSERT_GT(model.missing_now(), 0U);
    save(saved);
    for (const std::size_t to : {64U, 512U, 1024U}) {
      OwnedTable late(settings(to));
      const LoadReport expired = load(late, instant(1'000'000, 100, 200'000));
      EXPECT_EQ(expired.expired, model.known().size());
      EXPECT_EQ(late.table.totals().lost.get(), model.missing_now());
      EXPECT_EQ(late.table.totals().missing.get(), 0U);
      EXPECT_EQ(late.table.totals().expired.get(), model.known().size());
      OwnedTable small(settings(to, 4));
      const LoadReport report = load(small);
      EXPECT_EQ(report.no_room, model.known().size() - 4);
      EXPECT_EQ(small.table.totals().lost.get() + small.table.totals().missing.get(),
                model.missing_now());
      EXPECT_EQ(small.table.totals().expired.get(), model.known().size() - 4);
    }
  }
}

TEST_F(WindowFile, AgesGoOnByTheClockThatCanTell) {
  OwnedTable saved(settings(64));
  (void)saved.check({1, 7, 1}, 1000);  // silent for 4,000 of 10,000
  (void)saved.check({2, 7, 1}, 4500);  // 500
  save(saved, instant(5000, 1'000'000, 200));
  struct Case {
    Instant now;
    std::uint64_t loaded;
    bool same_boot;
    bool back;
  };
  // The TSC starts anew at a boot: that it is lower means nothing.
  for (const Case& one : {Case{instant(3, 0, 200 + 5'999), 2, true, false},
                          Case{instant(3, 9'000'000, 200 + 6'000), 1, true, false},
                          Case{instant(3, 0, 200 + 9'500), 0, true, false},
                          Case{instant(3, 1'005'999, 10, 'b'), 2, false, false},
                          Case{instant(3, 1'006'000, 10, 'b'), 1, false, false},
                          Case{instant(3, UINT64_MAX / kMillis, 10, 'b'), 0, false, false},
                          Case{instant(3, 999'999, 900'000, 'b'), 2, false, true}}) {
    OwnedTable loaded(settings(64));
    const LoadReport report = load(loaded, one.now);
    EXPECT_EQ(report.loaded, one.loaded);
    EXPECT_EQ(report.expired, 2 - one.loaded);
    EXPECT_EQ(report.same_boot, one.same_boot);
    EXPECT_EQ(report.clock_went_back, one.back);
    // Producer 2 expires when it would have without a restart: 10,000 after it was last seen.
    if (one.loaded == 2 && !one.back) {
      EXPECT_EQ(loaded.check({2, 7, 1}, 3 + 10'000 - 500 - 6'000), Verdict::kDuplicate);
      loaded.table.housekeep(3 + 10'000 - 500 - 6'000 + 9'999);
      EXPECT_EQ(loaded.table.totals().live.get(), 1U);
    }
  }
}

TEST_F(WindowFile, TheFileIsPrivateAndReplacedWhole) {
  OwnedTable saved(settings(64));
  (void)saved.check({1, 7, 1}, 1000);
  save(saved);
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  (void)saved.check({2, 7, 1}, 1000);
  EXPECT_EQ(save(saved).producers, 2U);
  retire_windows(path_);
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(std::filesystem::exists(path_ + ".loaded"));
  EXPECT_THROW(retire_windows(path_), WindowFileError);
  EXPECT_NE(refusal(), "");  // there is none

  path_ = folder_ + "/no/such/folder";
  EXPECT_THROW(save(saved), WindowFileError);
  path_ = folder_;
  EXPECT_THROW(save(saved), WindowFileError);  // a folder is in its place
  EXPECT_NE(refusal().find("it is a directory"), std::string::npos);
}

TEST_F(WindowFile, WhatIsNoFileOfWindowsIsLeftAlone) {
  EXPECT_FALSE(windows_trouble(path_).has_value());
  EXPECT_FALSE(windows_trouble(folder_ + "/no/such/folder").has_value());
  write({});
  EXPECT_FALSE(windows_trouble(path_).has_value());
  write({'E', 'S', 'C'});
  EXPECT_FALSE(windows_trouble(path_).has_value()) << "a torn one is ours";
  OwnedTable saved(settings(64));
  save(saved);
  EXPECT_FALSE(windows_trouble(path_).has_value());
  for (const char* const suffix : {".loaded", ".refused"}) {
    std::filesystem::create_directory(path_ + suffix);
    EXPECT_TRUE(windows_trouble(path_).has_value()) << suffix;
    std::filesystem::remove(path_ + suffix);
    std::ofstream(path_ + suffix) << "somebody's";
    EXPECT_TRUE(windows_trouble(path_).has_value()) << suffix;
    std::filesystem::copy_file(path_, path_ + suffix,
                               std::filesystem::copy_options::overwrite_existing);
    EXPECT_FALSE(windows_trouble(path_).has_value()) << suffix;
  }
  write({'[', 'p', 'o', 'r', 't', ']'});
  EXPECT_TRUE(windows_trouble(path_).has_value());
  std::filesystem::remove(path_);
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_TRUE(windows_trouble(path_).has_value());
  EXPECT_THROW(retire_windows(path_), WindowFileError);
  EXPECT_THROW(set_windows_aside(path_), WindowFileError);
  EXPECT_THROW(save(saved), WindowFileError);
  EXPECT_TRUE(std::filesystem::is_fifo(path_));
}

TEST_F(WindowFile, ADiskThatIsFullLeavesTheOldFile) {
  OwnedTable saved(settings(64));
  (void)saved.check({1, 7, 1}, 1000);
  save(saved);
  const std::vector<char> before = bytes();
  (void)saved.check({2, 7, 1}, 1000);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit little{.rlim_cur = before.size(), .rlim_max = old.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
  EXPECT_THROW(save(saved), WindowFileError);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(bytes(), before);
}

TEST_F(WindowFile, EveryTruncationAndEveryFlippedByteIsRefused) {
  OwnedTable saved(settings(128));
  TableModel model(settings(128));
  for (std::uint64_t producer = 0; producer < 3; ++producer) {
    for (std::uint64_t number : {1U, 2U, 90U, 200U, 210U}) {
      (void)saved.check({producer, number * (producer + 1), 1}, 4000);
    }
  }
  save(saved);
  const std::vector<char> whole = bytes();
  ASSERT_EQ(refusal(), "");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    write({whole.begin(), whole.begin() + static_cast<long>(length)});
    ASSERT_NE(refusal(), "") << length;
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xFF}) {
      std::vector<char> altered = whole;
      altered[i] = static_cast<char>(altered[i] ^ flip);
      write(altered);
      ASSERT_NE(refusal(), "") << i;
    }
  }
  std::vector<char> longer = whole;
  longer.push_back(0);
  write(longer);
  ASSERT_NE(refusal(), "");
}

TEST_F(WindowFile, AHostileFileWithTheRightChecksumIsRefusedOrHarmless) {
  OwnedTable saved(settings(128));
  for (std::uint64_t producer = 0; producer < 3; ++producer) {
    (void)saved.check({producer, 20, 1}, 4000);
    (void)saved.check({producer, 23, 1}, 4000);
  }
  save(saved);
  const std::vector<char> whole = bytes();
  const auto with = [&](std::size_t at, std::vector<int> values) {
    std::vector<char> altered = whole;
    for (std::size_t i = 0; i < values.size(); ++i) altered[at + i] = static_cast<char>(values[i]);
    write_summed(altered);
    return refusal();
  };
  constexpr std::size_t kRecord = 80 + 4;
  EXPECT_EQ(with(0, {}), "");
  EXPECT_NE(with(0, {'X'}).find("not a file of windows"), std::string::npos);
  EXPECT_NE(with(8, {2}).find("version 2"), std::string::npos);
  EXPECT_NE(with(12, {65}).find("power of two"), std::string::npos);
  EXPECT_NE(with(12, {0, 0, 0, 128}).find("power of two"), std::string::npos);
  EXPECT_NE(with(kRecord + 44, {9}).find("bad window at byte 84"), std::string::npos);
  EXPECT_NE(with(68, {255, 255, 255, 255}).find("name"), std::string::npos);
  EXPECT_NE(with(72, {255, 255, 255, 255, 255, 255, 255, 255}).find("more than fit"),
            std::string::npos);
  EXPECT_NE(with(72, {2}).find("bytes more"), std::string::npos);
  EXPECT_NE(with(80, {'X'}).find("instance"), std::string::npos);
  EXPECT_NE(with(kRecord, {1}).find("twice"), std::string::npos);
  EXPECT_NE(with(kRecord + 16, {200}).find("first number"), std::string::npos);
  EXPECT_NE(with(kRecord + 24, {200}).find("floor"), std::string::npos);
  EXPECT_NE(with(kRecord + 44, {255, 255, 255, 255}).find("more words"), std::string::npos);
  EXPECT_NE(with(kRecord + 44, {0}).find("fewer words"), std::string::npos);
  EXPECT_NE(with(kRecord + 48, {0}).find("more words than it says"), std::string::npos);
  EXPECT_NE(with(kRecord + 48, {5}).find("beyond its window"), std::string::npos);
  EXPECT_NE(with(kRecord + 56, {2}).find("empty and full"), std::string::npos);
  EXPECT_NE(with(kRecord + 64, {1}).find("below 0"), std::string::npos);
  EXPECT_NE(with(kRecord + 71, {0}).find("not marked"), std::string::npos);
  // Anything else may load, but must neither crash nor read what is not there.
  std::mt19937_64 random(1);
  for (int i = 0; i < 3'000; ++i) {
    std::vector<char> altered = whole;
    for (std::uint64_t k = random() % 6; k > 0; --k) {
      altered[random() % altered.size()] = static_cast<char>(random() % 3 == 0 ? 255 : random());
    }
    if (random() % 2 == 0) altered.resize(80 + random() % (altered.size() - 80));
    write_summed(altered);
    (void)refusal();
  }
}

TEST_F(WindowFile, ATableInUseIsLeftAlone) {
  OwnedTable saved(settings(128));
  (void)saved.check({1, 7, 1}, 4000);
  save(saved);
  EXPECT_THROW(load(saved), WindowFileError);
  EXPECT_EQ(saved.check({1, 7, 1}, 4000), Verdict::kDuplicate);
}

TEST(WindowRecord, WordsThatAreEmptyOrFullTakeNoRoom) {
  WindowRecord record{.highest = 10'000, .words = std::vector<std::uint64_t>(65, UINT64_MAX)};
  record.words[3] = 5;
  record.words[64] = 0;
  std::vector<std::uint8_t> bytes;
  encode_record(record, bytes);
  EXPECT_EQ(bytes.size(), 48U + 4 * 8 + 8);
  WindowRecord again{.words = std::vector<std::uint64_t>(65)};
  EXPECT_EQ(decode_record(bytes, again), "");
  EXPECT_EQ(again.words, record.words);
}

}  // namespace
}  // namespace esc::identity::testing
