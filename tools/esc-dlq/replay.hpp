// SPDX-License-Identifier: BSD-3-Clause
// Sends dead letters to an appliance again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>

#include "esc-dlq/filter.hpp"
#include "wire/sender.hpp"

namespace esc::dlq_tool {

struct ReplayOptions {
  std::string udp;      ///< HOST:PORT; one of the two, or neither for a dry run
  std::string tcp;      ///< likewise
  std::string confirm;  ///< instance, or socket, that says what it has taken; empty: nobody does
  std::string cursor;   ///< its file; empty: in the folder
  bool restart = false;
  bool despite_refusals = false;  ///< that nobody listens ends nothing
  bool dry_run = false;
  double rate = 10'000;      ///< letters a second; 0: as fast as it goes
  unsigned max_replays = 3;  ///< letters that were replayed as often are left
  std::uint64_t limit = 0;   ///< letters; 0: all
  std::size_t datagram_bytes = wire::kDefaultDatagramBytes;
};

/// What became of the letters that were meant.
struct ReplayResult {
  std::uint64_t letters = 0;     ///< sent, or would be
  std::uint64_t bytes = 0;       ///< of datagrams
  std::uint64_t datagrams = 0;   ///<
  std::uint64_t resent = 0;      ///< letters that were sent more than once
  std::uint64_t exhausted = 0;   ///< left: replayed as often as they may be
  std::uint64_t not_taken = 0;   ///< not seen to arrive, though others were
  std::uint64_t too_long = 0;    ///< left: too long for a datagram
  std::uint64_t no_frame = 0;    ///< left: what is kept of them is no frame
  std::uint64_t refused = 0;     ///< datagrams of which was said that nobody listens
  std::uint64_t to_come = 0;     ///< left: they died at --until or later by their clock
  std::uint64_t damaged = 0;     ///< segments that had more letters than can be read
  std::uint64_t unreadable = 0;  ///< segments that the disk refused, or a part of
  std::string cursor;            ///< its file
};

/// Oldest first, those that are there when this begins. The cursor is committed behind each batch
/// that was delivered, as far as that can be known: with `confirm` the appliance has counted every
/// letter of it (and a batch of which some are missing is sent again: it knows copies); else TCP
/// has brought them there, or the kernel has taken the datagrams. Throws ReplayError and
/// dlq::FolderError: then the cursor stands behind the last batch that was.
[[nodiscard]] ReplayResult replay(const std::string& folder, const Filter& filter,
                                  const ReplayOptions& options);

void print_replay(std::ostream& out, const ReplayResult& result, bool dry_run, bool json);

}  // namespace esc::dlq_tool
