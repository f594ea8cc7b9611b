// SPDX-License-Identifier: BSD-3-Clause
#include "wire/topic_check.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <vector>

#include "bytes.hpp"
#include "exact_buffer.hpp"

namespace esc::wire::test {
namespace {

/// How many bytes the shortest form of `code_point` has.
std::size_t shortest_form(std::uint32_t code_point) {
  if (code_point < 0x80) return 1;
  if (code_point < 0x800) return 2;
  return code_point < 0x10000 ? 3 : 4;
}

/// The rules in another form: decode as many bytes as the leading ones of the first byte announce,
/// then ask whether the code point may be written like that.
TopicVerdict reference_check(std::span<const std::uint8_t> topic) {
  bool control = false;
  for (std::size_t i = 0; i < topic.size();) {
    const std::uint8_t first = topic[i];
    const auto ones = static_cast<std::size_t>(std::countl_one(first));
    const std::size_t bytes = ones == 0 ? 1 : ones;
    if (ones == 1 || ones > 4 || i + bytes > topic.size()) return TopicVerdict::kNotUtf8;
    std::uint32_t code_point = ones == 0 ? first : first & (0x7fu >> ones);
    for (std::size_t k = 1; k < bytes; ++k) {
      if (topic[i + k] >> 6 != 2) return TopicVerdict::kNotUtf8;
      code_point = code_point << 6 | (topic[i + k] & 0x3fu);
    }
    const bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
    if (bytes != shortest_form(code_point) || surrogate || code_point > 0x10ffff) {
      return TopicVerdict::kNotUtf8;
    }
    control |= code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
    i += bytes;
  }
  return control ? TopicVerdict::kControlCharacter : TopicVerdict::kGood;
}

/// Counts the strings that the two judge differently, over all strings of `length` bytes drawn from
/// `alphabet`.
std::size_t disagreements(const Bytes& alphabet, std::size_t length) {
  std::size_t count = 0;
  std::vector<std::size_t> digits(length, 0);
  const ExactBuffer block(Bytes(length, 0));
  auto* const text = const_cast<std::uint8_t*>(block.span().data());
  while (true) {
    for (std::size_t i = 0; i < length; ++i) text[i] = alphabet[digits[i]];
    if (check_topic(text, length) != reference_check({text, length})) ++count;
    std::size_t at = 0;
    while (at < length && ++digits[at] == alphabet.size()) digits[at++] = 0;
    if (at == length) return count;
  }
}

TEST(TopicCheck, AgreesWithTheReferenceOnAllShortStrings) {
  Bytes all(256);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(disagreements(all, 1), 0u);
  EXPECT_EQ(disagreements(all, 2), 0u);
}

TEST(TopicCheck, AgreesWithTheReferenceOnEveryEdgeByteInEveryPlace) {
  const Bytes edges = {0x00, 0x1f, 0x20, 0x7e, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0,
                       0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
                       0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xff};
  EXPECT_EQ(disagreements(edges, 3), 0u);
  EXPECT_EQ(disagreements(edges, 4), 0u);
}

TEST(TopicCheck, EveryCodePointHasItsVerdict) {
  for (std::uint32_t c = 0; c <= 0x10ffff; ++c) {
    std::array<std::uint8_t, 4> text{};
    const std::size_t bytes = shortest_form(c);
    if (bytes == 1) {
      text[0] = static_cast<std::uint8_t>(c);
    } else {
      std::uint32_t rest = c;
      for (std::size_t i = bytes - 1; i > 0; --i, rest >>= 6) {
        text[i] = static_cast<std::uint8_t>(0x80 | (rest & 0x3f));
      }
      text[0] = static_cast<std::uint8_t>((0xf00u >> bytes & 0xffu) | rest);
    }
    TopicVerdict expected = TopicVerdict::kGood;
    if (c >= 0xd800 && c <= 0xdfff) expected = TopicVerdict::kNotUtf8;
    if (c < 0x20 || (c >= 0x7f && c <= 0x9f)) expected = TopicVerdict::kControlCharacter;
    ASSERT_EQ(check_topic(text.data(), bytes), expected) << std::hex << c;
  }
}

TEST(TopicCheck, TheEmptyStringIsGood) {
  EXPECT_EQ(check_topic(nullptr, 0), TopicVerdict::kGood);
  EXPECT_TRUE(all_printable_ascii(nullptr, 0));
}

TEST(PrintableAscii, FindsOneBadByteInEveryPlaceOfEveryLength) {
  constexpr std::array<std::uint8_t, 5> kBad = {0x00, 0x1f, 0x7f, 0x80, 0xff};
  for (std::size_t bytes = 1; bytes <= 255; ++bytes) {
    const ExactBuffer good(Bytes(bytes, '~'));
    EXPECT_TRUE(all_printable_ascii(good.span().data(), bytes)) << bytes;
    EXPECT_TRUE(printable_topic(good.span().data(), bytes, bytes)) << bytes;
    for (std::size_t at = 0; at < bytes; ++at) {
      for (const std::uint8_t bad : kBad) {
        Bytes text(bytes, ' ');
        text[at] = bad;
        const ExactBuffer block(text);
        EXPECT_FALSE(all_printable_ascii(block.span().data(), bytes)) << bytes << " at " << at;
        EXPECT_FALSE(printable_topic(block.span().data(), bytes, bytes)) << bytes << " at " << at;
      }
    }
  }
}

TEST(PrintableAscii, KnowsEveryByte) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool printable = byte >= 0x20 && byte <= 0x7e;
    for (const std::size_t bytes : {1u, 32u, 33u, 64u}) {
      const Bytes text(bytes, static_cast<std::uint8_t>(byte));
      EXPECT_EQ(all_printable_ascii(text.data(), bytes), printable) << byte;
      EXPECT_EQ(printable_topic(text.data(), bytes, bytes), printable) << byte;
    }
  }
}

TEST(PrintableAscii, WhatFollowsTheTopicDoesNotMatter) {
  for (std::size_t bytes = 1; bytes <= 40; ++bytes) {
    for (std::size_t readable = bytes; readable <= bytes + 40; ++readable) {
      Bytes text(readable, 0xff);
      std::fill_n(text.begin(), bytes, std::uint8_t{'a'});
      const ExactBuffer block(text);
      EXPECT_TRUE(printable_topic(block.span().data(), bytes, readable))
          << bytes << " " << readable;
    }
  }
}

}  // namespace
}  // namespace esc::wire::test
