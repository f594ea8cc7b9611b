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
  std::string udp;  ///< HOST:PORT; set either this or `tcp`, or neither for a dry run
  std::string tcp;  ///< HOST:PORT
  /// Instance or socket that is asked how much it has taken; empty: nobody is asked.
  std::string confirm;
  std::string cursor;  ///< its file; empty: in the folder
  bool restart = false;
  bool despite_refusals = false;  ///< goes on even if the host reports that nobody listens
  bool dry_run = false;
  double rate = 10'000;      ///< letters a second; 0: as fast as it goes
  unsigned max_replays = 3;  ///< letters that were replayed so often are passed over
  std::uint64_t limit = 0;   ///< letters; 0: all
  std::size_t datagram_bytes = wire::kDefaultDatagramBytes;
};

/// What became of the selected letters.
struct ReplayResult {
  std::uint64_t letters = 0;    ///< sent, or would be
  std::uint64_t bytes = 0;      ///< of datagrams
  std::uint64_t datagrams = 0;  ///<
  std::uint64_t resent = 0;     ///< letters that were sent more than once
  std::uint64_t exhausted = 0;  ///< passed over: replayed as often as allowed
  /// The appliance did not count them, although it counted others of their batch.
  std::uint64_t not_taken = 0;
  std::uint64_t too_long = 0;    ///< passed over: too long for a datagram
  std::uint64_t no_frame = 0;    ///< passed over: the kept bytes are no frame
  std::uint64_t refused = 0;     ///< datagrams for which a host reported that nobody listens
  std::uint64_t to_come = 0;     ///< passed over: by their clock they died at --until or later
  std::uint64_t damaged = 0;     ///< segments that had more letters than can be read
  std::uint64_t unreadable = 0;  ///< segments that the disk could not read, or not completely
  std::string cursor;            ///< its file
};

/// Sends the letters that exist when this begins, oldest first. After each batch that was delivered
/// it commits the cursor. Delivered means: with `confirm`, the appliance has counted every letter
/// of the batch (a batch with missing letters is sent again, since the appliance recognises
/// copies); without, TCP has acknowledged the bytes, or the kernel has taken the datagrams. Throws
/// ReplayError and dlq::FolderError; then the cursor stands behind the last batch that was
/// delivered.
[[nodiscard]] ReplayResult replay(const std::string& folder, const Filter& filter,
                                  const ReplayOptions& options);

void print_replay(std::ostream& out, const ReplayResult& result, bool dry_run, bool json);

}  // namespace esc::dlq_tool
