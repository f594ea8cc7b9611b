// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/trace_builder.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <sstream>

#include "esc-replay/error.hpp"
#include "fixtures.hpp"

namespace esc::replay {
namespace {

using testing::build;
using testing::MemoryTrace;
using testing::some_options;

std::uint64_t sum_of(const nlohmann::ordered_json& object) {
  std::uint64_t sum = 0;
  for (const auto& value : object) sum += value.get<std::uint64_t>();
  return sum;
}

BuildOptions everything(std::uint64_t packets) {
  BuildOptions options = some_options(packets);
  options.malformed = "0.5";
  options.ipv6 = 0.5;
  options.ip_options = 0.3;
  options.sessions = 5;
  options.frames_per_datagram = "1-5";
  options.unknown_topics = 0.1;
  options.payload = "0-200";
  return options;
}

TEST(TraceBuilder, SameSeedSameBytesOtherSeedOtherBytes) {
  const MemoryTrace first = build(everything(3000));
  const MemoryTrace second = build(everything(3000));
  EXPECT_EQ(first.packets, second.packets);
  EXPECT_EQ(first.times_ns, second.times_ns);
  EXPECT_EQ(make_manifest(first.plan, first.built), make_manifest(second.plan, second.built));
  BuildOptions other = everything(3000);
  other.seed = 2;
  EXPECT_NE(first.packets, build(other).packets);
}

TEST(TraceBuilder, LongerTraceBeginsWithTheShorter) {
  const MemoryTrace small = build(everything(500));
  MemoryTrace large = build(everything(20000));  // more than one batch
  ASSERT_EQ(large.packets.size(), 20000u);
  large.packets.resize(500);
  EXPECT_EQ(small.packets, large.packets);
}

TEST(TraceBuilder, ManifestBalancesAndShowsEveryKind) {
  const MemoryTrace trace = build(everything(20000));
  const auto manifest = make_manifest(trace.plan, trace.built);
  const auto& frames = manifest.at("frames");
  EXPECT_EQ(frames.at("received").get<std::uint64_t>(),
            frames.at("delivered").get<std::uint64_t>() +
                frames.at("control").get<std::uint64_t>() + sum_of(frames.at("dropped")));
  const auto& packets = manifest.at("packets");
  EXPECT_EQ(packets.at("received"), 20000);
  EXPECT_EQ(packets.at("received").get<std::uint64_t>(),
            packets.at("datagrams").get<std::uint64_t>() + sum_of(packets.at("non_event")) +
                sum_of(packets.at("dropped")));
  EXPECT_EQ(sum_of(manifest.at("trace").at("made_as")), 20000u);
  EXPECT_TRUE(manifest.at("balanced").get<bool>());
  for (const Malformed& kind : all_malformed()) {
    const std::string kind_name(name(kind));
    const auto& where = std::holds_alternative<FrameDrop>(kind)    ? frames.at("dropped")
                        : std::holds_alternative<PacketDrop>(kind) ? packets.at("dropped")
                                                                   : packets.at("non_event");
    ASSERT_TRUE(where.contains(kind_name)) << kind_name;
    // Half of 20,000 over 25 kinds: 400 each.
    EXPECT_NEAR(where.at(kind_name).get<double>(), 400, 100) << kind_name;
  }
  std::uint64_t events = 0;
  for (const auto& topic : manifest.at("topics")) events += topic.at("events").get<std::uint64_t>();
  EXPECT_EQ(events, frames.at("delivered").get<std::uint64_t>() +
                        frames.at("dropped").at("unknown_topic").get<std::uint64_t>());
}

TEST(TraceBuilder, EveryReasonOfASinglePacketIsOffered) {
  EXPECT_EQ(all_malformed().size(), 7u + 9u + 9u);
  std::set<std::string_view> names;
  for (const Malformed& kind : all_malformed()) names.insert(name(kind));
  EXPECT_EQ(names.size(), 25u);
  EXPECT_FALSE(names.contains("partial_at_close"));
  EXPECT_FALSE(names.contains("drained_at_deadline"));
}

TEST(TraceBuilder, FramesAreExactlyThoseAskedFor) {
  BuildOptions options = everything(0);
  options.frames = 12345;
  const MemoryTrace trace = build(options);
  const auto& frames = trace.built.tally.ledger().frames;
  EXPECT_EQ(frames.received - frames.control, 12345u);
}

TEST(TraceBuilder, SessionNumbersLeaveNoGapPerProducer) {
  BuildOptions options = some_options(2000);
  options.sessions = 3;
  options.frames_per_datagram = "1-4";
  options.first_producer = 70;
  options.first_sequence = 1000;
  const MemoryTrace trace = build(options);
  const wire::PortSet ports = wire::PortSet::all();
  testing::Sequences sequences;
  for (const testing::Packet& packet : trace.packets) {
    const auto verdict =
        wire::classify_packet(packet, static_cast<std::uint32_t>(packet.size()), ports);
    testing::collect_sequences(
        std::span(packet).subspan(verdict.payload_offset, verdict.payload_bytes), sequences);
  }
  ASSERT_EQ(sequences.size(), 3u);
  for (std::uint64_t i = 0; i < 3; ++i) {
    std::vector<std::uint64_t> expected(trace.built.facts.numbers[i]);
    std::iota(expected.begin(), expected.end(), 1000);
    EXPECT_EQ(sequences.at(70 + i), expected);
  }
}

TEST(TraceBuilder, BenchPresetShape) {
  const MemoryTrace trace = build(some_options(16384));
  EXPECT_EQ(trace.plan.topics.listed().size(), 64u);
  for (const std::string& topic : trace.plan.topics.listed()) {
    EXPECT_GE(topic.size(), 12u);
    EXPECT_LE(topic.size(), 31u);
  }
  const auto& ledger = trace.built.tally.ledger();
  EXPECT_EQ(ledger.frames.delivered, 16384u);
  EXPECT_EQ(ledger.frames.received, 16384u);
  EXPECT_EQ(ledger.packets.datagrams, 16384u);
}

TEST(TraceBuilder, TagsAndVersionsAreThoseAskedFor) {
  BuildOptions options = some_options(400);
  options.vlan = 2;
  options.ipv6 = 1;
  const MemoryTrace trace = build(options);
  EXPECT_FALSE(trace.packets.empty());
  for (const testing::Packet& packet : trace.packets) {
    EXPECT_EQ(wire::load_be16(&packet[12]), 0x88a8);
    EXPECT_EQ(wire::load_be16(&packet[14]), 100);
    EXPECT_EQ(wire::load_be16(&packet[16]), 0x8100);
    EXPECT_EQ(wire::load_be16(&packet[18]), 200);
    EXPECT_EQ(wire::load_be16(&packet[20]), 0x86dd);
  }
}

TEST(TraceBuilder, MtuCutsDatagramsAndSaysSo) {
  BuildOptions options = some_options(100);
  options.frames_per_datagram = "100";
  options.mtu = 600;
  const MemoryTrace trace = build(options);
  EXPECT_EQ(trace.built.facts.cut_at_mtu, 100u);
  EXPECT_LE(trace.built.facts.longest_bytes, 614u);
  options.payload = "600";
  EXPECT_THROW(static_cast<void>(make_build_plan(options)), Error);
}

/// What a run of `esc-replay build` prints on stderr, with a clock that moves on by `step` each
/// time it is read.
std::string said(const BuildOptions& options, double step) {
  double now = 0;
  std::ostringstream out;  // the summary
  ::testing::internal::CaptureStderr();
  run_build(options, out, [&] { return now += step; });
  return ::testing::internal::GetCapturedStderr();
}

TEST(TraceBuilder, ALineASecondUnlessQuiet) {
  const testing::TemporaryFile trace;
  const testing::TemporaryFile manifest;
  BuildOptions options = some_options(32768);  // two batches: the clock is read three times
  options.topic_bytes = "20";
  options.out = trace.path();
  options.manifest_out = manifest.path();
  EXPECT_EQ(
      said(options, 1.0),
      "    1.0 s        16384 packets/s      2.18 MB/s  16384 packets, 2179072 bytes, 50.0 % "
      "done\n"
      "    2.0 s        16384 packets/s      2.18 MB/s  32768 packets, 4358144 bytes, 100.0 % "
      "done\n");
  EXPECT_EQ(
      said(options, 0.5),
      "    1.0 s        32768 packets/s      4.36 MB/s  32768 packets, 4358144 bytes, 100.0 % "
      "done\n");
  EXPECT_EQ(said(options, 0.25), "");
  options.quiet = true;
  EXPECT_EQ(said(options, 1.0), "");
}

TEST(TraceBuilder, TheShareDoneOfFrames) {
  BuildOptions options = some_options(0);
  options.frames = 32768;
  std::vector<double> shares;
  (void)build_trace(
      make_build_plan(options), [](std::uint64_t, std::span<const std::uint8_t>) {},
      [&](std::uint64_t, std::uint64_t, double share) { shares.push_back(share); });
  EXPECT_EQ(shares, (std::vector<double>{0.5, 1.0}));
}

TEST(TraceBuilder, ArgumentsThatContradictAreRefused) {
  BuildOptions both = some_options(1);
  both.frames = 1;
  EXPECT_THROW(static_cast<void>(make_build_plan(both)), Error);
  BuildOptions never = some_options(0);
  never.frames = 1;
  never.malformed = "arp=1";
  EXPECT_THROW(static_cast<void>(make_build_plan(never)), Error);
  BuildOptions too_much = some_options(1);
  too_much.malformed = "arp=0.6,icmp=0.6";
  EXPECT_THROW(static_cast<void>(make_build_plan(too_much)), Error);
}

}  // namespace
}  // namespace esc::replay
