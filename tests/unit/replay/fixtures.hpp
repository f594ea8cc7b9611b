// SPDX-License-Identifier: BSD-3-Clause
// Traces built in memory, and a reader of their sequence numbers.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "esc-replay/pcap_file.hpp"
#include "esc-replay/trace_builder.hpp"
#include "wire/packet.hpp"
#include "wire/parser.hpp"
#include "wire/session_cursor.hpp"

namespace esc::replay::testing {

using Packet = std::vector<std::uint8_t>;

struct MemoryTrace {
  BuildPlan plan;
  BuiltTrace built;
  std::vector<Packet> packets;
  std::vector<std::uint64_t> times_ns;
};

inline BuildOptions some_options(std::uint64_t packets) {
  BuildOptions options;
  options.out = "unused.pcap";
  options.packets = packets;
  return options;
}

inline MemoryTrace build(const BuildOptions& options) {
  MemoryTrace trace;
  trace.plan = make_build_plan(options);
  trace.built =
      build_trace(trace.plan, [&](std::uint64_t time_ns, std::span<const std::uint8_t> packet) {
        trace.times_ns.push_back(time_ns);
        trace.packets.emplace_back(packet.begin(), packet.end());
      });
  return trace;
}

/// A file that is gone when the test is.
class TemporaryFile {
 public:
  TemporaryFile() {
    int fd = mkstemp(path_.data());
    EXPECT_GE(fd, 0);
    close(fd);
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_ = (std::filesystem::temp_directory_path() / "esc-replay-test-XXXXXX").string();
};

/// Builds into a real pcap file.
inline MemoryTrace build_file(const BuildOptions& options, const std::string& path) {
  MemoryTrace trace = build(options);
  PcapWriter writer(path, true);
  for (std::size_t i = 0; i < trace.packets.size(); ++i)
    writer.write(trace.times_ns[i], trace.packets[i]);
  writer.finish();
  return trace;
}

using Sequences = std::map<std::uint64_t, std::vector<std::uint64_t>>;  ///< by producer, in order

inline void collect_sequences(std::span<const std::uint8_t> payload, Sequences& into) {
  wire::SessionCursor cursor;
  while (!payload.empty()) {
    const wire::FrameView frame = wire::parse_frame(payload, {});
    if (const auto identity = cursor.observe(frame))
      into[identity->producer].push_back(identity->sequence);
    payload = payload.subspan(frame.frame_bytes);
  }
}

}  // namespace esc::replay::testing
