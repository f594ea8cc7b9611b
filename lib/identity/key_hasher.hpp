// SPDX-License-Identifier: BSD-3-Clause
// Keys of events that carry no number: 128 bits that stand for a key and what it belongs to.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "wire/frame.hpp"

namespace esc::identity {

/// What a KeyedTable knows of a key. The two words are independent of each other: one finds the
/// key's place in the table, the other is stored there.
struct KeyHash {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  friend bool operator==(const KeyHash&, const KeyHash&) = default;
};

/// Random bytes, drawn once at each start and never shown to anybody.
struct KeySecret {
  std::array<std::byte, XXH3_SECRET_DEFAULT_SIZE> for_bytes;
  std::array<std::uint64_t, 4> for_scope;
};

/// From the kernel's random source. Start-up only; throws std::system_error.
[[nodiscard]] KeySecret random_key_secret();

/// Hashes keys with XXH3 128 (Y. Collet) under a secret. All pipelines must use the same one.
///
/// The whole secret is drawn, instead of a 64-bit seed: up to 240 bytes, where nearly all keys are,
/// seeded XXH3 (also with a secret beside the seed) adds the seed to public constants and has no
/// other secret; with a secret of its own every product has random and independent operands. XXH3
/// is no proven function even so. docs/deduplication.md says what that leaves to an adversary.
///
/// Copyable; any thread.
class KeyHasher {
 public:
  explicit KeyHasher(const KeySecret& secret) noexcept : secret_(secret) {}

  /// `key`: an identifier in the payload, or all of it. `scope`: where the key has to be unique,
  /// such as the hash of a topic. The same bytes in two scopes are two keys.
  [[nodiscard]] KeyHash operator()(std::span<const std::uint8_t> key,
                                   std::uint64_t scope) const noexcept {
    // A product whose operands nobody outside knows: a sender cannot choose bytes that make up for
    // the difference between two scopes.
    const auto mask =
        static_cast<unsigned __int128>(scope ^ secret_.for_scope[0]) * (secret_.for_scope[1] | 1);
    return hash(key.data(), key.size(), static_cast<std::uint64_t>(mask),
                static_cast<std::uint64_t>(mask >> 64U));
  }

  /// A replayed dead letter: its original identity and how often it was replayed. Never the key of
  /// anything with a scope.
  [[nodiscard]] KeyHash replayed(const wire::Identity& original,
                                 std::uint8_t replay_count) const noexcept {
    const std::array<std::uint64_t, 3> fields = {
        original.producer, original.sequence,
        (std::uint64_t{original.epoch} << 32U) | replay_count};
    return hash(fields.data(), sizeof fields, secret_.for_scope[2], secret_.for_scope[3]);
  }

 private:
  [[nodiscard]] KeyHash hash(const void* data, std::size_t bytes, std::uint64_t low,
                             std::uint64_t high) const noexcept {
    const XXH128_hash_t hashed =
        XXH3_128bits_withSecret(data, bytes, secret_.for_bytes.data(), secret_.for_bytes.size());
    KeyHash key{hashed.low64 ^ low, hashed.high64 ^ high};
    // Keeps both words in the general registers where they are. GCC 12 would store them one by one
    // and load them as one vector, and a load that covers two recent stores has to wait for both.
    asm("" : "+r"(key.low), "+r"(key.high));
    return key;
  }

  KeySecret secret_;
};

}  // namespace esc::identity
