// SPDX-License-Identifier: BSD-3-Clause
// How far a replay has come, kept in a file so that the next one goes on there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/file_descriptor.hpp"

namespace esc::dlq_tool {

/// The last letter that was dealt with.
struct CursorPosition {
  std::uint64_t segment = 0;  ///< its number
  std::uint64_t run = 0;      ///< of that segment: the number may come again in a folder begun anew
  std::uint64_t created_ns = 0;  ///< likewise: when it was begun
  std::uint64_t id = 0;          ///< of the record

  friend bool operator==(const CursorPosition&, const CursorPosition&) = default;
};

/// A cursor's file is of one selection: another one has letters before it that were not sent.
class Cursor {
 public:
  /// `selection`: what says which letters are meant. Reads the file if there is one. Throws
  /// ReplayError: it cannot be read, is no cursor, or is of another selection.
  Cursor(std::string path, std::string selection);
  /// Keeps others from moving it meanwhile, and reads it again: somebody may have moved it before.
  /// Throws ReplayError: somebody does, and as the constructor does.
  void lock();

  /// None: nothing was sent yet.
  [[nodiscard]] const std::optional<CursorPosition>& position() const noexcept { return position_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Forgets where it was, on the disk as well. Throws ReplayError.
  void restart();

  /// Brings it to the disk, whole: after a crash there is the old one or this one. Throws
  /// ReplayError.
  void commit(const CursorPosition& position);

 private:
  void read();

  std::string path_;
  std::string selection_;
  std::optional<CursorPosition> position_;
  FileDescriptor lock_;
};

/// Where a selection's cursor is unless it is said: in the folder, under a name of its own.
[[nodiscard]] std::string default_cursor_path(const std::string& folder,
                                              const std::string& selection);

}  // namespace esc::dlq_tool
