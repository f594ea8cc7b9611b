// What one poll counted, kept in registers and added to the shared counters once.
#pragma once

#include <cstdint>

#include "telemetry/stage_counters.hpp"

namespace esc::ingest {

/// Added up before the poll's events are pushed, so that no reader sees a delivery before its
/// receipt.
struct Tally {
  std::uint64_t packet_bytes = 0;
  std::uint64_t datagrams = 0;
  std::uint64_t frames = 0;
  std::uint64_t control = 0;

  void add_to(telemetry::IngestCounters& counters) noexcept {
    counters.packet_bytes.add(packet_bytes);
    counters.datagrams.add(datagrams);
    counters.frames_received.add(frames);
    if (control != 0) counters.control.add(control);
    *this = {};
  }
};

}  // namespace esc::ingest
