// SPDX-License-Identifier: BSD-3-Clause
// The example in docs/dead-letters.md is what is written.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

#include "dlq/commit_buffer.hpp"
#include "dlq/record.hpp"
#include "dlq/segment.hpp"

namespace esc::dlq::testing {
namespace {

/// Lines as `hexdump -C` has them, without the text.
std::string hex_of(std::span<const std::byte> bytes, std::size_t offset) {
  std::string lines;
  std::array<char, 16> text{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i % 16 == 0) {
      std::snprintf(text.data(), text.size(), "%s%04zx ", i == 0 ? "" : "\n", offset + i);
      lines += text.data();
    }
    std::snprintf(text.data(), text.size(), " %02x", std::to_integer<unsigned>(bytes[i]));
    lines += text.data();
  }
  return lines + "\n";
}

void expect_on_the_page(const std::string& lines) {
  std::ifstream file(ESC_DEAD_LETTERS_PAGE);
  const std::string page(std::istreambuf_iterator<char>(file), {});
  ASSERT_FALSE(page.empty()) << ESC_DEAD_LETTERS_PAGE;
  EXPECT_NE(page.find(lines), std::string::npos) << "the page does not have\n" << lines;
}

TEST(Format, TheHeaderIsAsThePageHasIt) {
  const Block block = write_header({.number = 42,
                                    .run = 0x1122334455667788,
                                    .first_id = 1000,
                                    .created_ns = 1'800'000'000'000'000'000,
                                    .bytes = 64 << 20,
                                    .instance = "plant-7"});
  expect_on_the_page(hex_of(std::span(block).first(72), 0));
  expect_on_the_page(hex_of(std::span(block).last(16), kBlockBytes - 16));
}

TEST(Format, TheCommitIsAsThePageHasIt) {
  // length 8, priority 5, a topic of 2 bytes "ab", payload "xyz"
  constexpr std::string_view kFrame{
      "\0\0\0\x08\x05\0\x02"
      "abxyz",
      12};
  const Letter letter{.received_ns = 1'800'000'000'000'000'001,
                      .died_ns = 1'800'000'000'000'000'002,
                      .producer = 7,
                      .sequence = 9,
                      .epoch = 1,
                      .peer = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1},
                      .peer_port = 40000,
                      .port = 0,
                      .queue = 3,
                      .reason = 1,
                      .stage = Stage::kDispatch,
                      .flags = kSequenced | kPeerKnown};
  CommitBuffer buffer(CommitBuffer::kMinBytes, 0x1122334455667788);
  ASSERT_TRUE(buffer.add(1000, letter, std::as_bytes(std::span(kFrame))));
  constexpr std::size_t kShown = sizeof(CommitHead) + record_bytes(kFrame.size());
  expect_on_the_page(hex_of(buffer.finish().first(kShown), kBlockBytes));
}

}  // namespace
}  // namespace esc::dlq::testing
