// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/trace.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "esc-replay/error.hpp"
#include "fixtures.hpp"

namespace esc::replay {
namespace {

using testing::build_file;
using testing::MemoryTrace;
using testing::some_options;
using testing::TemporaryFile;

wire::PortSet event_port() {
  wire::PortSet ports;
  ports.insert(9001);
  return ports;
}

TEST(Trace, DatagramsAreThoseOfTheManifest) {
  const TemporaryFile file;
  BuildOptions options = some_options(3000);
  options.malformed = "0.4";
  options.ipv6 = 0.5;
  options.ip_options = 0.5;
  options.no_udp_checksum = 0.2;
  options.sessions = 4;
  options.frames_per_datagram = "1-3";
  const MemoryTrace built = build_file(options, file.path());
  const Trace trace = load_trace(file.path(), Cargo::kDatagrams, 9001);
  const auto& ledger = built.built.tally.ledger();
  EXPECT_EQ(trace.units.size(), ledger.packets.datagrams);
  EXPECT_EQ(trace.skipped, 3000 - ledger.packets.datagrams);
  std::uint64_t frames = 0;
  std::uint64_t sessions = 0;
  for (const Unit& unit : trace.units) {
    frames += unit.frames;
    sessions += unit.sessions;
  }
  EXPECT_EQ(frames, ledger.frames.received);
  EXPECT_EQ(sessions, ledger.frames.control);
}

TEST(Trace, PacketsComeBackByteForByte) {
  const TemporaryFile file;
  BuildOptions options = some_options(500);
  options.malformed = "0.5";
  const MemoryTrace built = build_file(options, file.path());
  const Trace trace = load_trace(file.path(), Cargo::kPackets, 9001);
  ASSERT_EQ(trace.units.size(), 500u);
  for (std::size_t i = 0; i < 500; ++i) {
    const auto bytes = trace.unit(i);
    EXPECT_EQ(testing::Packet(bytes.begin(), bytes.end()), built.packets[i]);
  }
}

TEST(Trace, StreamHoldsNothingThatWouldEndIt) {
  const TemporaryFile file;
  BuildOptions options = some_options(2000);
  options.malformed = "length_out_of_bounds=0.1,frame_truncated=0.1,topic_not_utf8=0.1";
  options.frames_per_datagram = "1-4";
  const MemoryTrace built = build_file(options, file.path());
  const Trace trace = load_trace(file.path(), Cargo::kStream, 9001);
  const auto& dropped = built.built.tally.ledger().frames.dropped;
  const std::uint64_t ends = dropped[static_cast<std::size_t>(FrameDrop::kLengthOutOfBounds)] +
                             dropped[static_cast<std::size_t>(FrameDrop::kFrameTruncated)];
  EXPECT_EQ(trace.tails_cut, ends);
  std::uint64_t frames = 0;
  std::span<const std::uint8_t> rest = trace.bytes;
  while (!rest.empty()) {
    const wire::FrameView frame = wire::parse_frame(rest, {});
    ASSERT_FALSE(frame.ends_datagram);
    ++frames;
    rest = rest.subspan(frame.frame_bytes);
  }
  EXPECT_EQ(frames, built.built.tally.ledger().frames.received - ends);
}

TEST(Trace, RestampingKeepsEveryChecksumAsRightOrWrongAsItWas) {
  const TemporaryFile file;
  BuildOptions options = some_options(1500);
  options.sessions = 3;
  options.ipv6 = 0.5;
  options.ip_options = 0.5;
  options.frames_per_datagram = "1-3";
  options.no_udp_checksum = 0.2;
  options.malformed = "bad_udp_checksum=0.2,bad_ip_checksum=0.1,bad_session=0.1";
  build_file(options, file.path());
  Trace trace = load_trace(file.path(), Cargo::kPackets, 9001);
  const wire::PortSet ports = event_port();
  std::vector<std::pair<wire::PacketKind, PacketDrop>> before;
  for (std::size_t i = 0; i < trace.units.size(); ++i) {
    const auto verdict = classify_fully(trace.unit(i), ports);
    before.emplace_back(verdict.kind, verdict.drop);
  }
  const std::vector<std::uint8_t> bytes_before = trace.bytes;
  for (int pass = 0; pass < 3; ++pass) restamp(trace, 0, trace.units.size());
  set_epoch(trace, 0xfffefdfc);
  EXPECT_NE(trace.bytes, bytes_before);
  for (std::size_t i = 0; i < trace.units.size(); ++i) {
    const auto verdict = classify_fully(trace.unit(i), ports);
    EXPECT_EQ(std::pair(verdict.kind, verdict.drop), before[i]) << i;
  }
}

/// The lowest and the highest epoch of each producer in a trace.
std::map<std::uint64_t, std::pair<std::uint32_t, std::uint32_t>> epochs_of(const Trace& trace) {
  std::map<std::uint64_t, std::pair<std::uint32_t, std::uint32_t>> epochs;
  for (const SessionMark& mark : trace.marks) {
    const wire::Session session = wire::decode_session(trace.bytes.data() + mark.payload);
    auto& range = epochs.try_emplace(session.producer, session.epoch, session.epoch).first->second;
    range.first = std::min(range.first, session.epoch);
    range.second = std::max(range.second, session.epoch);
  }
  return epochs;
}

TEST(Trace, ProducersThatRestartedGoOnInNewEpochs) {
  const TemporaryFile file;
  BuildOptions options = some_options(2000);
  options.sessions = 3;
  options.restarts = 0.01;
  build_file(options, file.path());
  Trace trace = load_trace(file.path(), Cargo::kDatagrams, 9001);
  set_epoch(trace, 100);
  auto before = epochs_of(trace);
  for (int pass = 0; pass < 3; ++pass) {
    restamp(trace, 0, trace.units.size());
    const auto now = epochs_of(trace);
    for (const auto& [producer, range] : now) {
      EXPECT_EQ(range.first, before[producer].second + 1) << "of the pass before";
      EXPECT_GT(range.second, range.first);
    }
    before = now;
  }
  EXPECT_THROW(set_epoch(trace, UINT32_MAX), Error);
}

TEST(Trace, AManifestOfAnotherTraceIsRefused) {
  const TemporaryFile file;
  const TemporaryFile manifest;
  BuildOptions options = some_options(200);
  options.sessions = 2;
  build_file(options, file.path());
  Trace trace = load_trace(file.path(), Cargo::kDatagrams, 9001);
  const auto said = [&](const std::string& text) -> std::string {
    write_text_file(manifest.path(), text);
    try {
      set_steps_from_manifest(trace, manifest.path());
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const auto session = [](int producer, int numbers) {
    return R"({"producer": )" + std::to_string(producer) + R"(, "numbers": )" +
           std::to_string(numbers) + "}";
  };
  const auto with = [](const std::string& sessions) {
    return R"({"trace": {"sessions": [)" + sessions + "]}}";
  };
  EXPECT_NE(said("{}").find("not a manifest"), std::string::npos);
  EXPECT_NE(said("?").find("not a manifest"), std::string::npos);
  EXPECT_NE(said(with(session(1, 500))).find("producer 2"), std::string::npos);
  EXPECT_NE(said(with(session(1, 500) + "," + session(2, 1))).find("producer 2"),
            std::string::npos);
  EXPECT_EQ(said(with(session(1, 500) + "," + session(2, 600))), "");
  for (const ProducerSpan& span : trace.producers) {
    EXPECT_EQ(span.number_step, span.producer == 1 ? 500u : 600u);
  }
}

TEST(Trace, ErrorsNameTheFileAndTheTrouble) {
  const auto message = [](const std::string& path) -> std::string {
    try {
      static_cast<void>(load_trace(path, Cargo::kDatagrams, 9001));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message("/nowhere/x.pcap").find("'/nowhere/x.pcap': No such file"), std::string::npos);
  const TemporaryFile text;
  write_text_file(text.path(), "this is no capture at all");
  EXPECT_NE(message(text.path()).find("not a capture"), std::string::npos);
  const TemporaryFile other_port;
  BuildOptions options = some_options(5);
  options.udp_port = 7;
  build_file(options, other_port.path());
  EXPECT_NE(message(other_port.path()).find("--udp-port"), std::string::npos);
  const TemporaryFile half;
  build_file(some_options(5), half.path());
  std::filesystem::resize_file(half.path(), std::filesystem::file_size(half.path()) - 10);
  EXPECT_NE(message(half.path()).find("damaged after packet 4"), std::string::npos);
}

}  // namespace
}  // namespace esc::replay
