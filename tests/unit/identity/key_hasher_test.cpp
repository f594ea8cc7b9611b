// SPDX-License-Identifier: BSD-3-Clause
#include "identity/key_hasher.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace esc::identity {
namespace {

using Bytes = std::vector<std::uint8_t>;

KeySecret secret_from(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  KeySecret secret;
  for (std::byte& byte : secret.for_bytes) byte = static_cast<std::byte>(random());
  for (std::uint64_t& word : secret.for_scope) word = random();
  return secret;
}

const KeyHasher kHasher(secret_from(1));

std::pair<std::uint64_t, std::uint64_t> words(const KeyHash& hash) {
  return {hash.low, hash.high};
}

TEST(KeyHasher, TheSameKeyInTheSameScopeIsTheSame) {
  const Bytes key = {1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_EQ(kHasher(key, 7), KeyHasher(secret_from(1))(key, 7));
}

/// The hash depends on every byte and its place, on the length, on the scope and on the secret.
TEST(KeyHasher, EverythingTells) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> hashes;
  std::size_t made = 0;
  const auto take = [&](const KeyHash& hash) {
    hashes.insert(words(hash));
    ++made;
  };
  for (const std::size_t size :
       {0U, 1U, 3U, 4U, 8U, 9U, 16U, 17U, 128U, 129U, 240U, 241U, 512U, 1500U}) {
    Bytes key(size, 0xA5);
    take(kHasher(key, 7));
    take(kHasher(key, 8));
    take(KeyHasher(secret_from(2))(key, 7));
    for (std::uint8_t& byte : key) {
      byte ^= 0x10U;
      take(kHasher(key, 7));
      byte ^= 0x10U;
    }
  }
  EXPECT_EQ(hashes.size(), made);
}

TEST(KeyHasher, EveryFieldOfAReplayTells) {
  const wire::Identity first{.producer = 1, .sequence = 2, .epoch = 3};
  std::set<std::pair<std::uint64_t, std::uint64_t>> hashes;
  const std::vector<KeyHash> all = {
      kHasher.replayed(first, 1),
      kHasher.replayed(first, 2),
      kHasher.replayed({.producer = 2, .sequence = 2, .epoch = 3}, 1),
      kHasher.replayed({.producer = 1, .sequence = 1, .epoch = 3}, 1),
      kHasher.replayed({.producer = 2, .sequence = 1, .epoch = 3}, 1),
      kHasher.replayed({.producer = 1, .sequence = 2, .epoch = 1}, 3),
      kHasher.replayed({.producer = 1, .sequence = 2, .epoch = 0x0100'0003}, 1)};
  for (const KeyHash& hash : all) hashes.insert(words(hash));
  EXPECT_EQ(hashes.size(), all.size());
  EXPECT_EQ(kHasher.replayed(first, 1), all[0]);
}

/// Consecutive identifiers, which are common, spread over the highest bits of each word like random
/// ones: chi squared with 4095 degrees of freedom stays within five standard deviations.
TEST(KeyHasher, NumbersInARowSpreadEvenly) {
  constexpr std::size_t kCells = 4096;
  constexpr double kExpected = 100;
  std::vector<double> low(kCells);
  std::vector<double> high(kCells);
  for (std::uint64_t id = 0; id < kCells * static_cast<std::uint64_t>(kExpected); ++id) {
    std::array<std::uint8_t, 8> key;
    for (unsigned i = 0; i < 8; ++i) key[i] = static_cast<std::uint8_t>(id >> (56 - 8 * i));
    const KeyHash hash = kHasher(key, 7);
    ++low[hash.low / (UINT64_MAX / kCells + 1)];
    ++high[hash.high / (UINT64_MAX / kCells + 1)];
  }
  for (const auto& cells : {low, high}) {
    double chi_squared = 0;
    for (const double found : cells) chi_squared += (found - kExpected) * (found - kExpected);
    chi_squared /= kExpected;
    EXPECT_NEAR(chi_squared, kCells - 1, 5 * std::sqrt(2.0 * (kCells - 1)));
  }
}

TEST(KeySecret, IsAnotherEveryTime) {
  const KeySecret one = random_key_secret();
  const KeySecret other = random_key_secret();
  EXPECT_NE(one.for_bytes, other.for_bytes);
  EXPECT_NE(one.for_scope, other.for_scope);
  EXPECT_EQ(std::ranges::count(one.for_scope, std::uint64_t{0}), 0);
}

}  // namespace
}  // namespace esc::identity
