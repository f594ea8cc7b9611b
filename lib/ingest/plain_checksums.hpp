// SPDX-License-Identifier: BSD-3-Clause
// Computes the checksums of plain packets (plain_packets.hpp) in line. Where there are vectors,
// nothing branches on whether the number of bytes is odd or ends within one, which would be
// mispredicted.
#pragma once

#include <immintrin.h>
#include <netinet/in.h>
#include <rte_mbuf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/last_bytes.hpp"
#include "wire/packet.hpp"

namespace esc::ingest::detail {

/// Loads a word in the host's byte order. Words of any width give the same ones' complement sum
/// once it is folded (RFC 1071, 2 (B) and (C)).
template <class Word>
[[nodiscard]] inline std::uint64_t load(const std::uint8_t* from) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}
[[nodiscard]] inline std::uint64_t halves(std::uint64_t word) noexcept {
  return (word & 0xffff'ffffU) + (word >> 32U);
}

/// Whether a sum that is not 0 folds to 16 bits that are all ones. The sum of bytes with a right
/// checksum among them does. Folding keeps the remainder by 65,535.
[[nodiscard]] inline bool folds_to_ones(std::uint64_t sum) noexcept {
  return sum % 0xffffU == 0;
}

/// Sum of an IPv4 header without options. The carry out of 64 bits counts 1, as in every ones'
/// complement sum.
[[nodiscard]] inline std::uint64_t sum_of_ipv4(const std::uint8_t* ip) noexcept {
  const auto add = [](std::uint64_t a, std::uint64_t b) {
    std::uint64_t sum = 0;
    const bool carry = __builtin_add_overflow(a, b, &sum);
    return sum + (carry ? 1 : 0);
  };
  return add(add(load<std::uint64_t>(ip), load<std::uint64_t>(ip + 8)),
             load<std::uint32_t>(ip + 16));
}

#if defined(__AVX2__)

[[nodiscard]] inline __m256i load_vector(const std::uint8_t* from) noexcept {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

/// The vectors that before() computes with. A loop over many packets keeps one object of this
/// class.
class WordSums {
 public:
  /// A number that has the remainder by 65,535 of the sum of the `bytes` bytes, 8 to 65,535, before
  /// `end`, in words that are counted from there: if the number of bytes is odd, the halves of each
  /// word are the other way round, and so are those of the sum (RFC 1071, 2 (B)). It reads whole
  /// vectors, the first of them from up to 31 bytes before.
  [[nodiscard, gnu::always_inline]] std::uint64_t before(const std::uint8_t* end,
                                                         std::size_t bytes) const noexcept {
    const std::size_t vectors = (bytes + 31) / 32;
    const std::uint8_t* at = end - 32 * (vectors - 1);
    const std::size_t first = bytes - 32 * (vectors - 1);  // bytes of the first vector that count
    const __m256i masked =
        _mm256_and_si256(load_vector(at - 32), load_vector(kLastBytes.data() + first));
    __m256i sums = _mm256_add_epi32(start_, pairs(masked));
    for (; at != end; at += 32) sums = _mm256_add_epi32(sums, pairs(load_vector(at)));
    // Two lanes are one number here: the upper one counts 2^32 times, which leaves the remainder 1.
    const __m128i two =
        _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    const std::uint64_t sum = static_cast<std::uint64_t>(_mm_cvtsi128_si64(two)) +
                              static_cast<std::uint64_t>(_mm_extract_epi64(two, 1));
    // Takes away what the eight lanes began with. pairs() took 65,536 from each of them for each
    // vector; that leaves the remainder 1, so 8 for each vector are given back.
    constexpr std::uint64_t kLanes = 8;
    return sum + (0xffffU - kLanes * kStart % 0xffffU) + kLanes * vectors;
  }

 private:
  /// So much that no lane gets below 0: each of at most 2,048 vectors takes up to 65,536 from it.
  static constexpr std::uint32_t kStart = 65'536 * 2'048;

  /// Hides from the compiler what the vector holds. Otherwise it would build it again for each
  /// packet instead of keeping it in a register.
  [[nodiscard]] static __m256i kept(__m256i vector) noexcept {
    asm("" : "+x"(vector));
    return vector;
  }
  /// The 16 words of `bytes` in pairs: for each pair its sum less 65,536. The instruction that adds
  /// pairs takes words as signed, so each is moved down by 32,768, which turns its highest bit
  /// over.
  [[nodiscard, gnu::always_inline]] __m256i pairs(__m256i bytes) const noexcept {
    return _mm256_madd_epi16(_mm256_xor_si256(bytes, top_bits_), ones_);
  }

  __m256i top_bits_ = kept(_mm256_set1_epi16(INT16_MIN));
  __m256i ones_ = kept(_mm256_set1_epi16(1));
  __m256i start_ = kept(_mm256_set1_epi32(kStart));
};

#else

/// The same for machines without AVX2: the sum itself. It reads nothing before those bytes.
class WordSums {
 public:
  [[nodiscard]] static std::uint64_t before(const std::uint8_t* end, std::size_t bytes) noexcept {
    std::uint64_t sum = 0;
    for (; bytes >= 8; bytes -= 8) sum += halves(load<std::uint64_t>(end -= 8));
    // The rest as the high bytes of a word.
    if (bytes != 0) sum += halves(load<std::uint64_t>(end - bytes) << (64 - 8 * bytes));
    return sum;
  }
};

#endif

/// Whether the IPv4 header's checksum is right.
[[nodiscard]] inline bool ipv4_checksum_right(const std::uint8_t* ip) noexcept {
  return folds_to_ones(sum_of_ipv4(ip));
}

/// So many bytes before the packet may be read. IPv6 addresses begin nearest to its first byte:
/// behind Ethernet's header and 8 bytes.
inline constexpr std::size_t kReadBeforePacket = 31 - (wire::kEthernetHeaderBytes + 8);
static_assert(kReadBeforePacket <= sizeof(rte_mbuf));  // which lies before a direct mbuf's buffer

/// Whether a plain packet's UDP checksum is right, or zero, which is wrong over IPv6: the caller
/// has seen to that. Up to 31 bytes before the addresses are
/// read, whatever they are: other headers, and up to kReadBeforePacket bytes before the packet in
/// its direct mbuf. `address_bytes`: of both addresses, which lie right before the UDP header.
[[nodiscard, gnu::always_inline]] inline bool plain_udp_checksum_right(
    const WordSums& sums, const std::uint8_t* udp, std::uint32_t udp_bytes,
    std::uint32_t address_bytes) noexcept {
  if (udp[6] == 0 && udp[7] == 0) return true;
  const std::size_t bytes = std::size_t{address_bytes} + udp_bytes;
  // Length and protocol of the pseudo header. Their words must be like those of the sum: turned
  // round, which is the same as multiplied by 256, if the sum's are not.
  const std::uint64_t rest = udp_bytes + IPPROTO_UDP;
  const auto turn = static_cast<unsigned>(~bytes & 1U) * 8;
  return folds_to_ones(sums.before(udp + udp_bytes, bytes) + (rest << turn));
}

}  // namespace esc::ingest::detail
