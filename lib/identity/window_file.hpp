// SPDX-License-Identifier: BSD-3-Clause
// The windows of producers in a file, so that a clean restart delivers nothing twice. The format is
// in docs/deduplication.md, "Saved windows".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "files/file_error.hpp"
#include "files/place.hpp"
#include "identity/producer_table.hpp"

namespace esc::identity {

/// what() says what is wrong and where; fix() what to do about it.
using WindowFileError = files::FileError;

/// One instant, on each of the clocks by which ages are computed across a restart.
struct Instant {
  std::uint64_t tsc = 0;
  std::uint64_t tsc_hz = 1;     ///< cycles a second, on this machine as it runs now
  std::uint64_t wall_ns = 0;    ///< CLOCK_REALTIME
  std::uint64_t boot_ns = 0;    ///< CLOCK_BOOTTIME: counts suspension as well
  std::array<char, 36> boot{};  ///< the kernel's boot_id: which boot boot_ns counts from
};
/// Now. `tsc`, `tsc_hz`: the caller's.
[[nodiscard]] Instant read_instant(std::uint64_t tsc, std::uint64_t tsc_hz);

struct SaveReport {
  std::uint64_t producers = 0;
  std::uint64_t bytes = 0;  ///< of the file
};

/// Writes every live window of the tables to `path`. The tables have the same width and their
/// lcores stand still. It writes a file beside `path` (mode 0600), syncs it to the disk and renames
/// it, so that `path` is either the old file or the whole new one. Needs memory for a buffer only.
/// Throws WindowFileError; then the old file is still there, and nothing else.
SaveReport save_windows(const std::string& path, const std::string& instance,
                        std::span<const ProducerTable* const> tables, const Instant& now);

struct LoadReport {
  std::uint64_t in_file = 0;
  std::uint64_t loaded = 0;
  std::uint64_t not_mine = 0;
  std::uint64_t expired = 0;
  std::uint64_t no_room = 0;     ///< windows without room: those that were silent for longest
  std::uint64_t lost = 0;        ///< numbers missing in windows that were cut, or not restored
  std::uint64_t window = 0;      ///< the width in the file
  std::uint64_t elapsed_ns = 0;  ///< from saving to now
  /// Whether elapsed_ns was measured by CLOCK_BOOTTIME; else by CLOCK_REALTIME.
  bool same_boot = false;
  bool clock_went_back = false;  ///< a clock went back; then elapsed_ns is 0
};

/// Restores those windows of a file that are `mine` into a table that is empty and does not run
/// yet. The file is read twice, first to check it, then to take its windows; a file that is not
/// whole and sound gives none. Needs memory for a buffer, and 8 bytes for each window that is mine.
/// Throws WindowFileError; then the table is empty.
LoadReport load_windows(const std::string& path, const std::string& instance, ProducerTable& table,
                        const std::function<bool(std::uint64_t producer)>& mine,
                        const Instant& now);

/// Why windows must not be kept at `path`; none: nothing is there or a file of windows, whole or
/// not, and the names that it gets later (`path`.loaded, `path`.refused) are free or regular files.
/// It is no such reason if the path's folder does not exist or may not be searched: windows
/// are then neither loaded nor kept. Changes nothing.
[[nodiscard]] std::optional<files::Trouble> windows_trouble(const std::string& path);

/// What a start would say of the file at `path`; none: nothing is there, or it would be taken up.
struct WindowsFinding {
  files::Trouble trouble;
  /// Whole and sound, but it belongs to another instance: it must not be moved.
  bool of_another = false;
};
/// Reads all of it once. Changes nothing.
[[nodiscard]] std::optional<WindowsFinding> find_in_windows(const std::string& path,
                                                            const std::string& instance);

/// Renames the file to path + ".refused", for whoever looks into it. Throws WindowFileError.
void set_windows_aside(const std::string& path);

/// Renames the file to path + ".loaded". Called once it was loaded and events are about to be
/// judged: from then on the file no longer says what was seen last. Throws WindowFileError.
void retire_windows(const std::string& path);

}  // namespace esc::identity
