// SPDX-License-Identifier: BSD-3-Clause
// The frame and session rules, as docs/wire-format.md shows them by example.
#include <gtest/gtest.h>

#include "datagram_text.hpp"
#include "exact_buffer.hpp"
#include "golden_vectors.hpp"
#include "wire/parser.hpp"

namespace esc::wire::test {
namespace {

void expect_all(std::string_view heading, std::size_t at_least, const FrameLimits& limits) {
  const std::vector<GoldenVector> vectors = read_golden_vectors(heading);
  EXPECT_GE(vectors.size(), at_least) << "rows of the table were lost";
  for (const GoldenVector& vector : vectors) {
    const ExactBuffer datagram(vector.bytes);
    EXPECT_EQ(describe_datagram(datagram.span(), limits), vector.expected) << vector.name;
  }
}

TEST(FrameGolden, Datagrams) {
  expect_all("Datagrams", 177, FrameLimits{});
}

TEST(FrameGolden, DatagramsUnderSmallerLimits) {
  expect_all("Datagrams under smaller limits", 8, {.max_frame_bytes = 64, .max_topic_bytes = 12});
}

// A datagram cut anywhere holds the same frames as far as they are whole; what is cut is one
// refused frame.
TEST(FrameGolden, EveryPrefixOfADatagramKeepsTheFramesBeforeTheCut) {
  for (const GoldenVector& vector : read_golden_vectors("Datagrams")) {
    if (vector.bytes.size() > 4096) continue;
    for (std::size_t bytes = 0; bytes < vector.bytes.size(); ++bytes) {
      const ExactBuffer datagram(std::span(vector.bytes).first(bytes));
      std::string held = describe_datagram(datagram.span(), FrameLimits{});
      if (vector.expected.starts_with(held)) continue;
      const std::size_t last = held.rfind("; ");
      const std::string whole = last == std::string::npos ? "" : held.substr(0, last);
      const std::string cut = last == std::string::npos ? held : held.substr(last + 2);
      EXPECT_TRUE(vector.expected.starts_with(whole)) << vector.name << " cut to " << bytes;
      EXPECT_EQ(cut, "frame_truncated") << vector.name << " cut to " << bytes;
    }
  }
}

TEST(GoldenVectors, HexIsReadStrictly) {
  EXPECT_EQ(parse_hex("00 fF(61)x3"), (std::vector<std::uint8_t>{0x00, 0xff, 0x61, 0x61, 0x61}));
  EXPECT_EQ(parse_hex(""), std::vector<std::uint8_t>{});
  for (const char* bad : {"0", "000", "0g", "(61)", "(61)x", "(61x3", "(6)x3", "(61)x3y"}) {
    EXPECT_THROW((void)parse_hex(bad), std::runtime_error) << bad;
  }
}

TEST(GoldenVectors, AMissingTableIsAnError) {
  EXPECT_THROW((void)read_golden_vectors("No such table"), std::runtime_error);
}

}  // namespace
}  // namespace esc::wire::test
