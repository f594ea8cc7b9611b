// SPDX-License-Identifier: BSD-3-Clause
#include "route/topic_hasher.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "wire/short_topic.hpp"

namespace esc::test {
namespace {

constexpr std::uint64_t kSeed = 7;

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// The bytes before a topic do not change its hash.
TEST(TopicHasher, OfAVectorIsThatOfTheBytes) {
  const route::TopicHasher hasher(kSeed);
  for (std::size_t bytes = 1; bytes <= wire::kShortTopicBytes; ++bytes) {
    for (const char before : {'\0', 'x', '\xff'}) {
      const std::string topic(bytes, 'a');
      const std::string text = std::string(wire::kShortTopicBytes, before) + topic;
      const auto* end = bytes_of(text).data() + text.size();
      const auto vector = wire::ShortTopic::before(end, bytes, wire::PrintableAscii{});
      EXPECT_TRUE(vector.printable());
      wire::PaddedTopic padded;
      vector.store(padded);
      EXPECT_TRUE(wire::same(padded, wire::padded(bytes_of(topic))));
      const std::uint64_t hash = hasher(bytes_of(topic));
      EXPECT_EQ(hasher.hash_of(hasher.digest(padded)), hash) << bytes;
      EXPECT_EQ(hasher.digest_of(hash), hasher.digest(padded)) << bytes;
    }
  }
}

// The hasher calls parts of XXH3 that are not in its interface, so the result is compared with
// XXH3.
TEST(TopicHasher, IsXxh3OfTheTopicAndZerosBeforeIt) {
  const route::TopicHasher hasher(kSeed);
  std::array<std::uint8_t, XXH3_SECRET_DEFAULT_SIZE> secret{};
  XXH3_generateSecret_fromSeed(secret.data(), kSeed);
  for (const std::string topic : {"a", "plant/7/line/3", "0123456789abcdef0123456789abcdef"}) {
    std::array<std::uint8_t, wire::kShortTopicBytes> padded{};
    std::memcpy(padded.data() + padded.size() - topic.size(), topic.data(), topic.size());
    EXPECT_EQ(hasher(bytes_of(topic)),
              XXH3_64bits_withSecret(padded.data(), padded.size(), secret.data(), secret.size()));
  }
  const std::string longer(33, 'a');
  EXPECT_EQ(hasher(bytes_of(longer)),
            XXH3_64bits_withSecret(longer.data(), longer.size(), secret.data(), secret.size()));
}

TEST(TopicHasher, ADigestAndAHashAreMadeOfEachOther) {
  std::mt19937_64 random(1);
  std::vector<std::uint64_t> numbers = {0, 1, UINT64_MAX, std::uint64_t{1} << 63U};
  for (int i = 0; i < 1'000; ++i) numbers.push_back(random());
  for (const std::uint64_t number : numbers) {
    EXPECT_EQ(route::TopicHasher::digest_of(route::TopicHasher::hash_of(number)), number);
    EXPECT_EQ(route::TopicHasher::hash_of(route::TopicHasher::digest_of(number)), number);
  }
}

TEST(ShortTopic, SaysWhatIsPrintable) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{4}}) {
      std::string text(wire::kShortTopicBytes, '\0');
      std::string topic = "topic";
      topic[at] = static_cast<char>(byte);
      text += topic;
      const auto* end = bytes_of(text).data() + text.size();
      const auto vector = wire::ShortTopic::before(end, topic.size(), wire::PrintableAscii{});
      EXPECT_EQ(vector.printable(), byte >= 0x20 && byte < 0x7f) << byte << " at " << at;
    }
  }
}

TEST(PaddedTopic, DiffersInAnyByteAndInTheLength) {
  for (std::size_t bytes = 1; bytes <= wire::kShortTopicBytes; ++bytes) {
    const std::string text(bytes, 'a');
    const wire::PaddedTopic topic = wire::padded(bytes_of(text));
    EXPECT_TRUE(wire::same(topic, wire::padded(bytes_of(text))));
    EXPECT_FALSE(wire::same(topic, wire::padded(bytes_of(text.substr(1)))));
    for (std::size_t at = 0; at < bytes; ++at) {
      std::string other = text;
      other[at] = 'b';
      EXPECT_FALSE(wire::same(topic, wire::padded(bytes_of(other)))) << at << " of " << bytes;
    }
  }
}

}  // namespace
}  // namespace esc::test
