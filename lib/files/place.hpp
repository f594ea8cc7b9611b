// SPDX-License-Identifier: BSD-3-Clause
// Where a file of ours is kept.
#pragma once

#include <cerrno>
#include <optional>
#include <string>

#include "base/file_descriptor.hpp"
#include "files/file_error.hpp"
#include "files/regular_file.hpp"

namespace esc::files {

/// Why something must be left alone, and what to do about it.
struct Trouble {
  std::string what;
  std::string fix;
};

/// In place of an errno: what stands there is no regular file. "Wrong medium type" in the system's
/// words.
inline constexpr int kNotRegular = EMEDIUMTYPE;

/// Removes a regular file. 0, or an errno; kNotRegular, and it is still there: another kind.
[[nodiscard]] int remove_regular_at(int folder, const std::string& name) noexcept;
/// Renames a regular file within a folder, onto nothing or another regular file; likewise.
[[nodiscard]] int rename_regular_at(int folder, const std::string& from,
                                    const std::string& to) noexcept;

/// Renames a regular file within a folder to a name that nothing has: EEXIST if something has it.
[[nodiscard]] int move_regular_at(int folder, const std::string& from,
                                  const std::string& to) noexcept;

/// A regular file of a folder, made with `mode` less the umask if nothing has that name.
[[nodiscard]] Opened open_or_make_at(int folder, const std::string& name, int flags, mode_t mode);

/// A name in a folder. The folder is held by its descriptor, so all that is done happens in one
/// folder, whatever becomes of its name meanwhile. Only a regular file is ever opened, renamed,
/// replaced or removed: whatever else stands there belongs to somebody, and stays. Thread: one.
class Place {
 public:
  /// The folder must be there. `links`: whether a symbolic link that stands at `path` is followed,
  /// once, now: then the place is where the link leads to. Throws FileError.
  explicit Place(const std::string& path, Links links = Links::kRefuse);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] int folder() const noexcept { return folder_.get(); }

  /// The mode of what stands there, links not followed; none: nothing. Throws FileError if that
  /// cannot be told.
  [[nodiscard]] std::optional<mode_t> mode() const { return mode_of(name_); }
  /// Why no file can be put there; none: nothing is there or a regular file, and this user may
  /// write in the folder. Changes nothing.
  [[nodiscard]] std::optional<Trouble> trouble() const;

  /// For reading; no descriptor: nothing is there. Throws FileError.
  [[nodiscard]] FileDescriptor open_to_read() const;
  /// A regular file, made with `mode` if it is not there. Throws FileError.
  [[nodiscard]] FileDescriptor open_or_make(int flags, mode_t mode) const;
  /// Renames it, in its folder, and makes the new name last. Throws FileError.
  void rename_to(const std::string& name) const;
  /// Another name in the same folder.
  [[nodiscard]] Place beside(const std::string& name) const;
  /// Brings names to the disk. Throws FileError.
  void sync_folder() const;

 private:
  Place(FileDescriptor folder, std::string path, std::string name);
  [[nodiscard]] std::optional<mode_t> mode_of(const std::string& name) const;
  [[noreturn]] void fail(const std::string& what, int error) const;

  std::string path_;  ///< as it was given, for messages
  FileDescriptor folder_;
  std::string name_;
};

/// Removes a regular file, if it is there, and brings that to the disk. Throws FileError.
void remove_file(const Place& place);
/// A regular file to lock (flock): made, empty, if it is not there. It is not locked yet. Throws
/// FileError.
[[nodiscard]] FileDescriptor open_lock(const Place& place);

}  // namespace esc::files
