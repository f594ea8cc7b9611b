// SPDX-License-Identifier: BSD-3-Clause
#include "wire/pass_stamps.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bytes.hpp"
#include "wire/encoder.hpp"
#include "wire/packet_encoder.hpp"
#include "wire/parser.hpp"

namespace esc::wire::test {
namespace {

constexpr std::array<std::uint16_t, 1> kPorts = {9001};
constexpr int kPasses = 70'000;  // more than a halfword holds, so that sums carry

Bytes event(std::string_view topic, const Bytes& payload) {
  Bytes frame(encoded_frame_bytes(topic.size(), payload.size()));
  EXPECT_EQ(encode_frame(frame, 3, topic, payload), frame.size());
  return frame;
}

Bytes session(std::uint64_t producer, std::uint64_t first, std::uint16_t count = 0,
              std::uint32_t epoch = 5) {
  Bytes frame(kSessionFrameBytes);
  const Session says{.count = count, .epoch = epoch, .producer = producer, .first_sequence = first};
  EXPECT_EQ(encode_session_frame(frame, 0, says), frame.size());
  return frame;
}

Bytes packet(bool ipv6, std::initializer_list<Bytes> frames) {
  Bytes payload;
  for (const Bytes& frame : frames) payload.insert(payload.end(), frame.begin(), frame.end());
  UdpPath path{.ipv6 = ipv6, .src_port = 40000, .dst_port = 9001};
  path.src_ip = {10, 0, 0, 1, 7};
  path.dst_ip = {10, 0, 0, 2, 9};
  Bytes out(udp_overhead_bytes(path) + payload.size());
  EXPECT_EQ(encode_udp_packet(out, path, payload), out.size());
  return out;
}

std::variant<PassStamps, std::string> build(Restamp what, const std::vector<Bytes>& trace,
                                            std::uint64_t first_id = 0) {
  PassStampsBuilder builder({.what = what, .udp_ports = kPorts, .first_id = first_id});
  for (const Bytes& one : trace) builder.add(one);
  return std::move(builder).finish();
}

PassStamps stamps(Restamp what, const std::vector<Bytes>& trace, std::uint64_t first_id = 0) {
  auto made = build(what, trace, first_id);
  if (const auto* problem = std::get_if<std::string>(&made)) ADD_FAILURE() << *problem;
  return std::move(std::get<PassStamps>(made));
}

std::string refusal(Restamp what, const std::vector<Bytes>& trace) {
  const auto made = build(what, trace);
  const auto* problem = std::get_if<std::string>(&made);
  return problem == nullptr ? "" : *problem;
}

Bytes stamped(PassStamps& stamps, Bytes packet) {
  stamps.stamp(packet.data());
  return packet;
}

/// The trace as it must be in that pass, built from the start. Producer 1 has the numbers 10 to 12
/// and 20, producer 2 has 1000 and 1001, producer 3 has a session frame without events. A topic of
/// odd length puts the second session at an odd place.
std::vector<Bytes> trace_of_pass(std::uint64_t pass) {
  return {
      packet(false, {session(1, 10 + 11 * pass), event("a", {1}), event("b", {2}), event("c", {})}),
      packet(true, {session(1, 20 + 11 * pass, 1), event("odd", {1, 2}),
                    session(2, 1000 + 2 * pass), event("a", {}), event("a", {9})}),
      packet(false, {event("unnumbered", {1, 2, 3})}),
      packet(false, {session(3, 77)}),
  };
}

TEST(PassStamps, MoveSessionsOnAsIfEachPassWereWrittenAnew) {
  const std::vector<Bytes> trace = trace_of_pass(0);
  PassStamps made = stamps(Restamp::kSessions, trace);
  EXPECT_EQ(made.packets(), trace.size());
  for (std::uint64_t pass = 0; pass < kPasses; ++pass) {
    const bool look = pass < 100 || pass % 997 == 0 || pass + 1 == kPasses;
    const std::vector<Bytes> expected = look ? trace_of_pass(pass) : trace;
    for (std::size_t i = 0; i < trace.size(); ++i) {
      const Bytes found = stamped(made, trace[i]);
      if (look) {
        ASSERT_EQ(found, expected[i]) << "packet " << i << " of pass " << pass;
      }
    }
  }
}

TEST(PassStamps, MakeEveryPayloadIdANumberOfItsOwn) {
  const auto pass_of = [](std::uint64_t pass) -> std::vector<Bytes> {
    const auto id = [&](std::uint64_t n) {
      Bytes payload = {0, 0, 0, 0, 0, 0, 0, 0, 0xaa};
      store_be64(payload.data(), (std::uint64_t{3} << 48U) + n + 3 * pass);
      return payload;
    };
    return {packet(false, {event("a", id(0)), event("bb", id(1)), event("short", {1, 2, 3})}),
            packet(true, {session(1, 1), event("a", id(2))})};
  };
  // Nothing is left of the eight bytes that the trace itself has there.
  std::vector<Bytes> trace = {
      packet(false, {event("a", {8, 7, 6, 5, 4, 3, 2, 1, 0xaa}),
                     event("bb", {8, 7, 6, 5, 4, 3, 2, 1, 0xaa}), event("short", {1, 2, 3})}),
      packet(true, {session(1, 1), event("a", {255, 255, 255, 255, 255, 255, 255, 255, 0xaa})})};
  PassStamps made = stamps(Restamp::kPayloadIds, trace, std::uint64_t{3} << 48U);
  for (std::uint64_t pass = 0; pass < 1'000; ++pass) {
    const std::vector<Bytes> expected = pass_of(pass);
    for (std::size_t i = 0; i < trace.size(); ++i) {
      ASSERT_EQ(stamped(made, trace[i]), expected[i]) << "packet " << i << " of pass " << pass;
    }
  }
}

TEST(PassStamps, LeaveChecksumsWhatTheyWere) {
  constexpr std::size_t kChecksum = 14 + 20 + 6;
  std::vector<Bytes> trace = {packet(false, {session(1, 10), event("a", {1})}),
                              packet(false, {session(1, 11), event("a", {1})})};
  store_be16(trace[0].data() + kChecksum, 0);
  trace[1][kChecksum] ^= 0x40;
  // How wrong the checksum is: its difference from the right one, in ones' complement.
  const auto error_of = [](Bytes packet) {
    const std::uint32_t found = load_be16(packet.data() + kChecksum);
    EXPECT_TRUE(update_udp_checksum(packet));
    const std::uint32_t right = load_be16(packet.data() + kChecksum);
    return (found + 0xffffU - right) % 0xffffU;
  };
  const std::uint32_t error = error_of(trace[1]);
  EXPECT_NE(error, 0U);
  PassStamps made = stamps(Restamp::kSessions, trace);
  for (int pass = 0; pass < 1'000; ++pass) {
    EXPECT_EQ(load_be16(stamped(made, trace[0]).data() + kChecksum), 0);
    EXPECT_EQ(error_of(stamped(made, trace[1])), error);
  }
}

TEST(PassStamps, LeaveChecksumsAloneThatNobodyLooksAt) {
  const std::vector<Bytes> trace = {packet(false, {session(1, 10), event("a", {1})})};
  PassStampsBuilder builder(
      {.what = Restamp::kSessions, .udp_ports = kPorts, .keep_checksums = false});
  builder.add(trace[0]);
  auto made = std::move(builder).finish();
  auto& stamps = std::get<PassStamps>(made);
  for (std::uint64_t pass = 0; pass < 10; ++pass) {
    Bytes expected = packet(false, {session(1, 10 + pass), event("a", {1})});
    std::copy_n(trace[0].begin() + 14 + 20 + 6, 2, expected.begin() + 14 + 20 + 6);
    EXPECT_EQ(stamped(stamps, trace[0]), expected);
  }
}

TEST(PassStamps, SkipWhatIsNoDatagramForUs) {
  Bytes elsewhere = packet(false, {session(1, 500), event("a", {1})});
  elsewhere[14 + 20 + 3] ^= 1;  // another destination port
  const Bytes arp = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 6, 0, 0};
  const std::vector<Bytes> trace = {elsewhere, packet(false, {session(1, 10), event("a", {1})}),
                                    arp};
  PassStamps made = stamps(Restamp::kSessions, trace);
  for (std::uint64_t pass = 0; pass < 10; ++pass) {
    EXPECT_EQ(stamped(made, elsewhere), elsewhere);
    EXPECT_EQ(stamped(made, trace[1]), packet(false, {session(1, 10 + pass), event("a", {1})}));
    EXPECT_EQ(stamped(made, arp), arp);
  }
}

TEST(PassStamps, RefuseATraceThatCannotGoOn) {
  const Bytes plain = packet(false, {event("a", {1})});
  EXPECT_EQ(refusal(Restamp::kSessions, {plain}), "it has no session frame for these ports");
  EXPECT_EQ(refusal(Restamp::kPayloadIds, {plain}),
            "no event in it has a payload of 8 bytes or more");
  EXPECT_EQ(refusal(Restamp::kSessions, {packet(false, {session(7, 1, 0, 5), event("a", {})}),
                                         packet(false, {session(7, 1, 0, 6), event("a", {})})}),
            "producer 7 has several epochs in it");
  EXPECT_EQ(refusal(Restamp::kSessions,
                    {packet(false, {session(7, 0), event("a", {})}),
                     packet(false, {session(7, std::uint64_t{1} << 32U), event("a", {})})}),
            "the numbers of producer 7 in it are 2^32 or more apart");
  EXPECT_EQ(refusal(Restamp::kSessions, {plain, Bytes(65'536)}), "it has a packet of 65536 bytes");
}

}  // namespace
}  // namespace esc::wire::test
