// SPDX-License-Identifier: BSD-3-Clause
// A place where a file of ours is kept: a name in a folder.
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

/// Used like an errno: there is something, but no regular file. The system's text for it is "Wrong
/// medium type".
inline constexpr int kNotRegular = EMEDIUMTYPE;

/// Removes a regular file. Returns 0 or an errno; kNotRegular: it is something else, and still
/// there.
[[nodiscard]] int remove_regular_at(int folder, const std::string& name) noexcept;
/// Renames a regular file within a folder. The new name may belong to nothing or to another regular
/// file, which is replaced. Returns as remove_regular_at().
[[nodiscard]] int rename_regular_at(int folder, const std::string& from,
                                    const std::string& to) noexcept;

/// Renames a regular file within a folder to a name that nothing has: EEXIST if something has it.
[[nodiscard]] int move_regular_at(int folder, const std::string& from,
                                  const std::string& to) noexcept;

/// Opens a regular file of a folder; if nothing has that name, makes it with `mode` less the umask.
[[nodiscard]] Opened open_or_make_at(int folder, const std::string& name, int flags, mode_t mode);

/// A name in a folder. The folder is held by its descriptor, so all that is done happens in one
/// folder, whatever becomes of its name meanwhile. Only a regular file is ever opened, renamed,
/// replaced or removed: whatever else stands there belongs to somebody, and stays. Thread: one.
class Place {
 public:
  /// The folder must be there. `links`: whether a symbolic link at `path` is followed. It is
  /// followed once, now, and then the place is the one to which the link leads. Throws FileError.
  explicit Place(const std::string& path, Links links = Links::kRefuse);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] int folder() const noexcept { return folder_.get(); }

  /// The mode of what is there, links not followed; nullopt: nothing is there. Throws FileError if
  /// that cannot be found out.
  [[nodiscard]] std::optional<mode_t> mode() const { return mode_of(name_); }
  /// Why no file can be put there. nullopt: there is nothing or a regular file, and this user may
  /// write in the folder. Changes nothing.
  [[nodiscard]] std::optional<Trouble> trouble() const;

  /// For reading; no descriptor: nothing is there. Throws FileError.
  [[nodiscard]] FileDescriptor open_to_read() const;
  /// A regular file, made with `mode` if it is not there. Throws FileError.
  [[nodiscard]] FileDescriptor open_or_make(int flags, mode_t mode) const;
  /// Renames it within its folder and syncs the folder. Throws FileError.
  void rename_to(const std::string& name) const;
  /// Another name in the same folder.
  [[nodiscard]] Place beside(const std::string& name) const;
  /// Brings the folder's names to the disk. Throws FileError.
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
