// SPDX-License-Identifier: BSD-3-Clause
// Keeps in a file how far a replay has come, so that the next replay goes on there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/file_descriptor.hpp"

namespace esc::dlq_tool {

/// The last letter that was sent or passed over.
struct CursorPosition {
  std::uint64_t segment = 0;  ///< its number
  /// The run of that segment: its number may come again in a folder that was begun anew.
  std::uint64_t run = 0;
  std::uint64_t created_ns = 0;  ///< when the segment was begun, for the same reason
  std::uint64_t id = 0;          ///< of the record

  friend bool operator==(const CursorPosition&, const CursorPosition&) = default;
};

/// A cursor's file belongs to one selection of letters: with another selection, letters before the
/// cursor would never be sent.
class Cursor {
 public:
  /// `selection`: the text that says which letters are meant. Reads the file if there is one.
  /// Throws ReplayError: it cannot be read, is no cursor, or belongs to another selection.
  Cursor(std::string path, std::string selection);
  /// Locks the cursor, so that no other process moves it, and reads it again, since somebody may
  /// have moved it before. Throws ReplayError if somebody else has locked it, and as the
  /// constructor does.
  void lock();

  /// None: nothing was sent yet.
  [[nodiscard]] const std::optional<CursorPosition>& position() const noexcept { return position_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Forgets the position, on the disk too. Throws ReplayError.
  void restart();

  /// Syncs the position to the disk: after a crash there is the old one or this one. Throws
  /// ReplayError.
  void commit(const CursorPosition& position);

 private:
  void read();

  std::string path_;
  std::string selection_;
  std::optional<CursorPosition> position_;
  FileDescriptor lock_;
};

/// The path of a selection's cursor if none is given: in the folder, under a name of its own.
[[nodiscard]] std::string default_cursor_path(const std::string& folder,
                                              const std::string& selection);

}  // namespace esc::dlq_tool
