// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/number_model.hpp"

#include <gtest/gtest.h>

#include <string>

#include "esc-replay/error.hpp"
#include "fixtures.hpp"

namespace esc::replay {
namespace {

struct Sent {
  std::uint32_t epoch;
  std::uint64_t sequence;
};

/// The verdicts as letters: the first of new, duplicate or stale.
std::string judged(NumberModel& model, std::initializer_list<Sent> events) {
  std::string letters;
  for (const Sent& event : events) {
    const auto verdict = model.judge({.producer = 0,
                                      .epoch = event.epoch,
                                      .sequence = event.sequence,
                                      .topic = 0,
                                      .payload_bytes = 0,
                                      .listed = true});
    letters += "nds"[static_cast<std::size_t>(verdict)];
  }
  return letters;
}

TEST(NumberModel, TheEdgesOfTheWindow) {
  NumberModel model(1, 10, 4);
  EXPECT_EQ(judged(model, {{1, 12}, {1, 10}, {1, 12}, {1, 15}, {1, 12}, {1, 11}}), "nndnds");
  const auto figures = model.figures(0, 4);
  EXPECT_EQ(figures.delivered, 3u);
  EXPECT_EQ(figures.duplicate, 2u);
  EXPECT_EQ(figures.stale, 1u);
  EXPECT_EQ(figures.late, 1u);
  EXPECT_EQ(figures.reorder_depth, 2u);
  EXPECT_EQ(figures.missing, 2u) << "13 and 14; 11 was before first contact";
  EXPECT_EQ(figures.lost, 0u);
  EXPECT_EQ(model.figures(0, 2).lost, 1u) << "of a smaller window 13 has left";
}

TEST(NumberModel, AnEpochEndsTheOneBefore) {
  NumberModel model(1, 0, 100);
  EXPECT_EQ(judged(model, {{1, 5}, {1, 8}, {2, 3}, {1, 9}, {2, 3}, {2, 1}, {4, 0}}), "nnnsdnn");
  const auto figures = model.figures(0, 100);
  EXPECT_EQ(figures.lost, 2u) << "6 and 7 of epoch 1";
  EXPECT_EQ(figures.missing, 0u) << "2 is below the first contact of epoch 2";
  EXPECT_EQ(figures.epochs, 3u);
}

TEST(NumberModel, WhatNeverCameHasNoFigures) {
  EXPECT_EQ(NumberModel(3, 0, 4).figures(2, 4).epochs, 0u);
}

BuildOptions networked(std::uint64_t packets) {
  BuildOptions options = testing::some_options(packets);
  options.sessions = 3;
  return options;
}

/// The indices of the packets in the order of their arrival, found by the numbers of their frames:
/// one producer, one frame each.
std::vector<std::uint64_t> arrivals(BuildOptions options, std::uint64_t packets) {
  options.packets = packets;
  options.sessions = 1;
  const testing::MemoryTrace trace = testing::build(options);
  const wire::PortSet ports = wire::PortSet::all();
  testing::Sequences sequences;
  for (const testing::Packet& packet : trace.packets) {
    const auto verdict =
        wire::classify_packet(packet, static_cast<std::uint32_t>(packet.size()), ports);
    testing::collect_sequences(
        std::span(packet).subspan(verdict.payload_offset, verdict.payload_bytes), sequences);
  }
  return sequences[1];
}

TEST(Network, NoPacketIsOvertakenByMoreThanDepth) {
  BuildOptions options = networked(0);
  options.reorder = 7;
  const auto order = arrivals(options, 20'000);
  ASSERT_EQ(order.size(), 20'000u);
  std::uint64_t highest = 0;
  std::uint64_t most = 0;
  for (const std::uint64_t index : order) {
    highest = std::max(highest, index);
    most = std::max(most, highest - index);
  }
  EXPECT_EQ(most, 7u);
}

TEST(Network, ACopyFollowsItsOriginalAtOnceWhereNothingIsReordered) {
  BuildOptions options = networked(0);
  options.duplicates = 0.5;
  const auto order = arrivals(options, 2000);
  EXPECT_GT(order.size(), 2800u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  for (std::size_t i = 2; i < order.size(); ++i) EXPECT_NE(order[i], order[i - 2]);
}

TEST(Network, ALongerTraceFaresAsTheShorterDid) {
  BuildOptions options = networked(0);
  options.loss = 0.1;
  options.duplicates = 0.1;
  const auto shorter = arrivals(options, 1000);
  auto longer = arrivals(options, 40'000);
  ASSERT_GE(longer.size(), shorter.size());
  longer.resize(shorter.size());
  EXPECT_EQ(longer, shorter);
}

TEST(Network, WithoutAnyOfItTheTraceIsTheSameBytes) {
  const BuildOptions options = networked(500);
  BuildOptions judged_otherwise = options;
  judged_otherwise.window = 0;
  EXPECT_EQ(testing::build(options).packets, testing::build(judged_otherwise).packets);
}

TEST(Network, ArgumentsThatMakeNoSenseAreRefused) {
  const auto refused = [](auto change) {
    BuildOptions options = networked(10);
    change(options);
    try {
      static_cast<void>(make_build_plan(options));
    } catch (const Error& error) {
      return error.code() == ExitCode::kUsage;
    }
    return false;
  };
  EXPECT_FALSE(refused([](BuildOptions&) {}));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.loss = 1; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.complete = true; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.out_b = o.out; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.sessions = 0, o.restarts = 0.1; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.sessions = 0, o.out_b = "b"; }));
  EXPECT_TRUE(refused([](BuildOptions& o) { o.restarts = 0.1, o.out_b = "b"; }));
}

TEST(Network, TwoPortsWhoseTurnsWouldDecideAreRefused) {
  BuildOptions options = networked(2000);
  options.out_b = "b.pcap";
  options.reorder = 500;
  options.window = 64;
  const BuildPlan plan = make_build_plan(options);
  const PacketSink nowhere = [](std::uint64_t, std::span<const std::uint8_t>) {};
  const BuiltTrace built = build_trace(plan, nowhere, {}, nowhere);
  EXPECT_THROW(static_cast<void>(make_manifest(plan, built)), Error);
}

}  // namespace
}  // namespace esc::replay
