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

/// One instant on the clocks that ages are carried by.
struct Instant {
  std::uint64_t tsc = 0;
  std::uint64_t tsc_hz = 1;     ///< cycles a second, on this machine as it runs now
  std::uint64_t wall_ns = 0;    ///< CLOCK_REALTIME
  std::uint64_t boot_ns = 0;    ///< CLOCK_BOOTTIME: counts suspension as well
  std::array<char, 36> boot{};  ///< which boot that counts from: the kernel's boot_id
};
/// Now. `tsc`, `tsc_hz`: the caller's.
[[nodiscard]] Instant read_instant(std::uint64_t tsc, std::uint64_t tsc_hz);

struct SaveReport {
  std::uint64_t producers = 0;
  std::uint64_t bytes = 0;  ///< of the file
};

/// Writes every live window of the tables, which have one width and whose lcores stand still, to
/// `path`: to a file beside it first (mode 0600), brought to the disk, then renamed, so that `path`
/// is the old file or the whole new one. Memory: a buffer. Throws WindowFileError; the old file is
/// there then, and nothing else.
SaveReport save_windows(const std::string& path, const std::string& instance,
                        std::span<const ProducerTable* const> tables, const Instant& now);

struct LoadReport {
  std::uint64_t in_file = 0;
  std::uint64_t loaded = 0;
  std::uint64_t not_mine = 0;
  std::uint64_t expired = 0;
  std::uint64_t no_room = 0;     ///< the ones that were silent for longest
  std::uint64_t lost = 0;        ///< numbers missing in windows that were cut, or not restored
  std::uint64_t window = 0;      ///< the width in the file
  std::uint64_t elapsed_ns = 0;  ///< from saving to now
  bool same_boot = false;        ///< measured by CLOCK_BOOTTIME; else by CLOCK_REALTIME
  bool clock_went_back = false;  ///< then nothing is taken to have elapsed
};

/// Restores those windows of a file that are `mine` into a table that has none and does not run
/// yet. The file is read once to judge it and once to take it; nothing of a file that is not whole
/// and sound is taken. Memory: a buffer, and 8 bytes for each window that is mine. Throws
/// WindowFileError; the table is empty then.
LoadReport load_windows(const std::string& path, const std::string& instance, ProducerTable& table,
                        const std::function<bool(std::uint64_t producer)>& mine,
                        const Instant& now);

/// Why windows must not be kept at `path`; none: nothing is there or a file of windows, whole or
/// not, and the names that it goes by in turn (".loaded", ".refused" behind it) are free or
/// regular files. A path whose folder is not to be found or searched is no such reason: windows are
/// then neither loaded nor kept. Changes nothing.
[[nodiscard]] std::optional<files::Trouble> windows_trouble(const std::string& path);

/// What a start would say of the file at `path`; none: nothing is there, or it would be taken up.
struct WindowsFinding {
  files::Trouble trouble;
  bool of_another = false;  ///< whole and sound, and another instance's: it is not ours to move
};
/// Reads all of it once. Changes nothing.
[[nodiscard]] std::optional<WindowsFinding> find_in_windows(const std::string& path,
                                                            const std::string& instance);

/// Renames the file to path + ".refused", for whoever looks into it. Throws WindowFileError.
void set_windows_aside(const std::string& path);

/// Renames the file to path + ".loaded", for when it was loaded and events are about to be judged:
/// from then on it no longer says what was seen last. Throws WindowFileError.
void retire_windows(const std::string& path);

}  // namespace esc::identity
