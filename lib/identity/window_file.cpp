// SPDX-License-Identifier: BSD-3-Clause
#include "identity/window_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <ctime>
#include <optional>
#include <vector>

#include "base/units.hpp"
#include "identity/window_record.hpp"
#include "identity/window_stream.hpp"

namespace esc::identity {
namespace {

constexpr std::string_view kMagic = "ESCWINDO";
constexpr std::string_view kLoaded = ".loaded";
constexpr std::string_view kRefused = ".refused";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kMaxNameBytes = 255;

std::uint64_t clock_ns(clockid_t clock) noexcept {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * kNsPerSecond +
         static_cast<std::uint64_t>(time.tv_nsec);
}

// value * to / from, at most the largest value that fits.
std::uint64_t scale(std::uint64_t value, std::uint64_t to, std::uint64_t from) noexcept {
  const auto scaled = static_cast<unsigned __int128>(value) * to / from;
  return scaled > UINT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(scaled);
}

struct Header {
  std::uint64_t window = 0;
  std::uint64_t wall_ns = 0;
  std::uint64_t boot_ns = 0;
  std::array<char, 36> boot{};
  std::uint64_t records = 0;
  std::string instance;
};

void encode(const Header& header, std::vector<std::uint8_t>& to) {
  to.insert(to.end(), kMagic.begin(), kMagic.end());
  put_u32(kVersion, to);
  put_u32(static_cast<std::uint32_t>(header.window), to);
  put_u64(header.wall_ns, to);
  put_u64(header.boot_ns, to);
  to.insert(to.end(), header.boot.begin(), header.boot.end());
  put_u32(static_cast<std::uint32_t>(header.instance.size()), to);
  put_u64(header.records, to);
  to.insert(to.end(), header.instance.begin(), header.instance.end());
}
constexpr std::size_t kHeaderBytes = 8 + 4 + 4 + 8 + 8 + 36 + 4 + 8;

/// Throws unless the file belongs to `instance`; null: it may belong to any.
Header take_header(FileReader& file, const std::string* instance) {
  const std::uint8_t* at = file.take(kHeaderBytes).data();
  Header header;
  if (!std::equal(kMagic.begin(), kMagic.end(), at)) file.refuse("is not a file of windows");
  if (const std::uint32_t version = get_u32(at + 8); version != kVersion) {
    file.refuse("is of version " + std::to_string(version) + "; this program reads version 1");
  }
  header.window = get_u32(at + 12);
  header.wall_ns = get_u64(at + 16);
  header.boot_ns = get_u64(at + 24);
  std::copy_n(at + 32, header.boot.size(), header.boot.begin());
  const std::uint32_t name_bytes = get_u32(at + 68);
  header.records = get_u64(at + 72);
  if (!std::has_single_bit(header.window) || header.window < kMinSavedWindow ||
      header.window > kMaxSavedWindow) {
    file.refuse("has windows of " + std::to_string(header.window) +
                " numbers, which is no power of two from 64 to 1048576");
  }
  if (name_bytes > kMaxNameBytes) file.refuse("has a name of more than 255 bytes");
  const auto name = file.take(name_bytes);
  header.instance.assign(name.begin(), name.end());
  if (instance != nullptr && header.instance != *instance) {
    file.refuse("is not of instance \"" + *instance + "\"");
  }
  // Before anything is sized by it.
  const std::size_t least = kRecordHeadBytes + 2 * mask_words(header.window / 64) * 8;
  if (header.records > file.left() / least) {
    file.refuse("says it has " + std::to_string(header.records) +
                " windows, more than fit its size");
  }
  return header;
}

// Calls take(record) for each record, then expects the checksum.
template <class Take>
void each_record(FileReader& file, const Header& header, Take&& take) {
  const std::size_t words = header.window / 64;
  WindowRecord record;
  record.words.resize(words);
  std::vector<std::uint8_t> bytes;
  for (std::uint64_t i = 0; i < header.records; ++i) {
    const std::uint64_t offset = file.offset();
    const auto refuse = [&](const std::string& what) {
      file.refuse("has a bad window at byte " + std::to_string(offset) + ": " + what);
    };
    const auto head = file.take(kRecordHeadBytes);
    bytes.assign(head.begin(), head.end());
    const std::optional<std::size_t> rest = record_rest_bytes(bytes, words);
    if (!rest.has_value()) refuse("it says it has more words than its width");
    const auto body = file.take(*rest);
    bytes.insert(bytes.end(), body.begin(), body.end());
    if (const std::string wrong = decode_record(bytes, record); !wrong.empty()) refuse(wrong);
    take(record);
  }
  file.expect_end();
}

// How much time passed since the file was saved.
void measure_elapsed(const Header& header, const Instant& now, LoadReport& report) {
  report.same_boot = header.boot == now.boot && header.boot[0] != 0;
  const std::uint64_t then = report.same_boot ? header.boot_ns : header.wall_ns;
  const std::uint64_t at = report.same_boot ? now.boot_ns : now.wall_ns;
  report.clock_went_back = at < then;
  report.elapsed_ns = report.clock_went_back ? 0 : at - then;
}

/// Which windows of a file a table takes.
class Choice {
 public:
  Choice(const ProducerTable& table, const std::function<bool(std::uint64_t)>& mine,
         const Instant& now, LoadReport& report)
      : room_(table.reader().places()),
        expiry_cycles_(table.expiry_cycles()),
        mine_(mine),
        tsc_hz_(now.tsc_hz),
        report_(report) {}

  [[nodiscard]] std::uint64_t age_cycles(const WindowRecord& record) const noexcept {
    const std::uint64_t age_ns = record.age_ns + report_.elapsed_ns;
    return scale(age_ns < record.age_ns ? UINT64_MAX : age_ns, tsc_hz_, kNsPerSecond);
  }
  /// First time over the file.
  void consider(const WindowRecord& record) {
    ++report_.in_file;
    if (!mine_(record.producer)) {
      ++report_.not_mine;
    } else if (const std::uint64_t age = age_cycles(record); age >= expiry_cycles_) {
      ++report_.expired;
    } else {
      ages_.push_back(age);
    }
  }
  /// If there is not room for all windows, chooses those that were seen last.
  void settle() {
    if (ages_.size() <= room_ || room_ == 0) return;
    const auto limit = ages_.begin() + static_cast<std::ptrdiff_t>(room_ - 1);
    std::nth_element(ages_.begin(), limit, ages_.end());
    limit_ = *limit;
    at_limit_ = room_ - static_cast<std::size_t>(std::ranges::count_if(
                            ages_, [this](std::uint64_t age) { return age < limit_; }));
  }
  [[nodiscard]] bool is_mine(const WindowRecord& record) const { return mine_(record.producer); }
  /// Second time.
  [[nodiscard]] bool takes(const WindowRecord& record) {
    const std::uint64_t age = age_cycles(record);
    if (!mine_(record.producer) || age >= expiry_cycles_ || age > limit_) return false;
    return age < limit_ || (at_limit_ != 0 && at_limit_-- != 0);
  }
  [[nodiscard]] std::uint64_t wanted() const noexcept { return ages_.size(); }

 private:
  std::size_t room_;
  std::uint64_t expiry_cycles_;
  const std::function<bool(std::uint64_t)>& mine_;
  std::uint64_t tsc_hz_;
  LoadReport& report_;
  std::vector<std::uint64_t> ages_;
  std::uint64_t limit_ = UINT64_MAX;
  /// How many windows of exactly the limit's age still have room.
  std::uint64_t at_limit_ = UINT64_MAX;
};

WindowRecord record_of(const ProducerReader& table, std::size_t place, const Instant& now) {
  const ProducerEntry& entry = table.entry(place);
  const SequenceWindow window = entry.window();
  WindowRecord record{
      .producer = entry.producer.get(),
      .highest = window.highest,
      .first = window.first,
      .floor = table.faults(place).floor.get(),
      .age_ns = scale(now.tsc - entry.last_seen_tsc.get(), kNsPerSecond, now.tsc_hz),
      .epoch = entry.epoch.load(std::memory_order_relaxed),
      .words = {}};
  record.words.resize(table.window() / 64);
  for (std::size_t i = 0; i < record.words.size() && i * 64 <= window.highest; ++i) {
    record.words[i] = window.bits_up_to(table.bits(place), window.highest - i * 64);
  }
  return record;
}

}  // namespace

Instant read_instant(std::uint64_t tsc, std::uint64_t tsc_hz) {
  Instant now{.tsc = tsc,
              .tsc_hz = tsc_hz,
              .wall_ns = clock_ns(CLOCK_REALTIME),
              .boot_ns = clock_ns(CLOCK_BOOTTIME),
              .boot = {}};
  const auto boot = files::read_system_file("/proc/sys/kernel/random/boot_id").value_or("");
  if (boot.size() >= now.boot.size()) std::copy_n(boot.begin(), now.boot.size(), now.boot.begin());
  return now;
}

SaveReport save_windows(const std::string& path, const std::string& instance,
                        std::span<const ProducerTable* const> tables, const Instant& now) {
  std::vector<ProducerReader> readers;
  for (const ProducerTable* table : tables) readers.push_back(table->reader());
  const std::uint64_t window = readers.empty() ? kMinSavedWindow : readers[0].window();
  const bool alike = std::ranges::all_of(
      readers, [&](const ProducerReader& reader) { return reader.window() == window; });
  if (!alike || window > kMaxSavedWindow || instance.size() > kMaxNameBytes) {
    throw WindowFileError(path + " cannot hold these windows",
                          "give all tables one width, at most 1048576, and the instance a name of "
                          "at most 255 bytes");
  }
  Header header{.window = window,
                .wall_ns = now.wall_ns,
                .boot_ns = now.boot_ns,
                .boot = now.boot,
                .records = 0,
                .instance = instance};
  for (const ProducerTable* table : tables) header.records += table->totals().live.get();
  FileWriter file(path);
  encode(header, file.buffer());
  std::uint64_t written = 0;
  for (const ProducerReader& reader : readers) {
    for (std::size_t place = 0; place < reader.places(); ++place) {
      if (!reader.entry(place).live()) continue;
      encode_record(record_of(reader, place, now), file.buffer());
      file.flush_if_large();
      ++written;
    }
  }
  if (written != header.records) {
    throw WindowFileError(path + ": producers came or went while they were written",
                          "save when the lcores that own the tables stand still");
  }
  return {written, file.finish()};
}

LoadReport load_windows(const std::string& path, const std::string& instance, ProducerTable& table,
                        const std::function<bool(std::uint64_t producer)>& mine,
                        const Instant& now) {
  if (table.totals().live.get() != 0) {
    throw WindowFileError(path + " cannot be loaded: the table has producers already",
                          "load windows once, before events are judged");
  }
  LoadReport report;
  FileReader file(path);
  const Header header = take_header(file, &instance);
  report.window = header.window;
  measure_elapsed(header, now, report);
  Choice choice(table, mine, now, report);
  each_record(file, header, [&](const WindowRecord& record) { choice.consider(record); });
  choice.settle();
  try {
    file.rewind();
    // Reads the same file again: its checksum was right and must be right again.
    const Header again = take_header(file, &instance);
    if (again.window != header.window) file.refuse("changed while it was read");
    each_record(file, again, [&](const WindowRecord& record) {
      if (!choice.is_mine(record)) return;
      const ProducerTable::Saved saved{.producer = record.producer,
                                       .epoch = record.epoch,
                                       .highest = record.highest,
                                       .first = record.first,
                                       .floor = record.floor,
                                       .last_seen_tsc = now.tsc - choice.age_cycles(record),
                                       .words = record.words};
      if (!choice.takes(record)) {
        table.give_up(saved);
        return;
      }
      const auto restored = table.restore(saved);
      if (restored == ProducerTable::Restored::kKnown) {
        file.refuse("has producer " + std::to_string(record.producer) + " twice");
      }
      if (restored == ProducerTable::Restored::kNoRoom) table.give_up(saved);
      if (restored == ProducerTable::Restored::kDone) ++report.loaded;
    });
  } catch (...) {
    table.clear();
    throw;
  }
  report.no_room = choice.wanted() - report.loaded;
  report.lost = table.totals().lost.get();
  return report;
}

std::optional<WindowsFinding> find_in_windows(const std::string& path,
                                              const std::string& instance) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  try {
    FileReader file(path);
    const Header header = take_header(file, nullptr);
    each_record(file, header, [](const WindowRecord&) {});
    if (header.instance == instance) return std::nullopt;
    return WindowsFinding{{path + " has the windows of instance \"" + header.instance + "\"",
                           "name another file, or remove it if that instance is no more"},
                          true};
  } catch (const files::FileError& error) {
    return WindowsFinding{{error.what(), error.fix()}};
  }
}

void retire_windows(const std::string& path) {
  const files::Place place(path);
  place.rename_to(place.name() + std::string(kLoaded));
}

void set_windows_aside(const std::string& path) {
  const files::Place place(path);
  place.rename_to(place.name() + std::string(kRefused));
}

namespace {

// Nothing, a file of windows, or the beginning of one, is ours to replace.
std::optional<files::Trouble> trouble_at(const files::Place& place) {
  const auto mode = place.mode();
  if (mode && !S_ISREG(*mode)) {
    return files::Trouble{place.path() + " is " + files::kind_of(*mode),
                          "name a path that has a regular file or nothing, or move that away"};
  }
  const FileDescriptor file = place.open_to_read();
  if (!file.valid()) return std::nullopt;
  std::array<char, kMagic.size()> head{};
  const ssize_t got = ::read(file.get(), head.data(), head.size());
  const auto bytes = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  if (kMagic.starts_with(std::string_view(head.data(), bytes))) return std::nullopt;
  return files::Trouble{place.path() + " is no file of windows, and would be replaced by one",
                        "name another path, or move that file away"};
}

}  // namespace

std::optional<files::Trouble> windows_trouble(const std::string& path) {
  try {
    const files::Place place(path);
    for (const std::string_view suffix : {std::string_view(), kLoaded, kRefused}) {
      if (auto trouble = trouble_at(place.beside(place.name() + std::string(suffix)))) {
        return trouble;
      }
    }
    return std::nullopt;
  } catch (const files::FileError&) {
    return std::nullopt;  // whoever looks for the windows or fails to keep them reports that
  }
}

}  // namespace esc::identity
