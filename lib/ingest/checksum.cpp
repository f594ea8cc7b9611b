// SPDX-License-Identifier: BSD-3-Clause
#include "ingest/checksum.hpp"

#include <immintrin.h>
#include <rte_ip.h>

#include <algorithm>
#include <cstring>

#include "base/last_bytes.hpp"

namespace esc::ingest::detail {
namespace {

/// Ones' complement sum of `bytes` bytes of the packet from `offset` on, folded to 16 bits; they
/// lie within it. Not rte_raw_cksum_mbuf: up to DPDK 22.11 at least that loses the carries of a
/// segment which begins at an odd byte.
std::uint16_t sum_over_segments(const rte_mbuf& packet, std::uint32_t offset,
                                std::uint32_t bytes) noexcept {
  const rte_mbuf* segment = &packet;
  while (offset >= segment->data_len) {
    offset -= segment->data_len;
    segment = segment->next;
  }
  std::uint32_t sum = 0;
  bool odd = false;
  for (;; segment = segment->next, offset = 0) {
    const std::uint32_t part = std::min<std::uint32_t>(segment->data_len - offset, bytes);
    const std::uint16_t folded =
        rte_raw_cksum(rte_pktmbuf_mtod_offset(segment, const char*, offset), part);
    // A word that begins at an odd byte has its halves the other way round (RFC 1071, 2 (B)).
    sum += odd ? rte_bswap16(folded) : folded;
    sum = (sum & 0xffff) + (sum >> 16);
    odd ^= (part & 1) != 0;
    bytes -= part;
    if (bytes == 0) return static_cast<std::uint16_t>(sum);
  }
}

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

/// Whether `sum`, which is not 0, folds to 16 bits that are all ones, as the sum over bytes does
/// that include their right checksum: folding keeps the remainder by 65,535.
[[nodiscard]] inline bool folds_to_ones(std::uint64_t sum) noexcept {
  return sum % 0xffffU == 0;
}

/// Sum of an IPv4 header without options.
[[nodiscard]] inline std::uint64_t sum_of_ipv4(const std::uint8_t* ip) noexcept {
  using Word = std::uint64_t;
  return halves(load<Word>(ip)) + halves(load<Word>(ip + 8)) + load<std::uint32_t>(ip + 16);
}

#if defined(__AVX2__)

[[nodiscard]] inline __m256i load_vector(const std::uint8_t* from) noexcept {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
/// The 16 words of `bytes` in pairs: for each pair its sum less 65,536. The instruction that adds
/// pairs takes words as signed, so each is moved down by 32,768, which turns its highest bit over.
[[nodiscard]] inline __m256i pairs(__m256i bytes) noexcept {
  return _mm256_madd_epi16(_mm256_xor_si256(bytes, _mm256_set1_epi16(INT16_MIN)),
                           _mm256_set1_epi16(1));
}

/// A number that has the remainder by 65,535 of the sum of the `bytes` bytes, 8 to 65,535, before
/// `end`, in words that are counted from there: if the number of bytes is odd, the halves of each
/// word are the other way round, and so are those of the sum (RFC 1071, 2 (B)). It reads whole
/// vectors, the first of them from up to 31 bytes before.
[[nodiscard]] inline std::uint64_t sum_to(const std::uint8_t* end, std::size_t bytes) noexcept {
  const std::size_t vectors = (bytes + 31) / 32;
  const std::uint8_t* at = end - 32 * (vectors - 1);
  const std::size_t first = bytes - 32 * (vectors - 1);  // bytes of the first vector that count
  // So much that no lane gets below 0: each of at most 2,048 vectors takes up to 65,536 from it.
  constexpr std::uint32_t kStart = 65'536 * 2'048;
  __m256i sums = _mm256_set1_epi32(kStart);
  sums = _mm256_add_epi32(
      sums, pairs(_mm256_and_si256(load_vector(at - 32), load_vector(kLastBytes.data() + first))));
  for (; at != end; at += 32) sums = _mm256_add_epi32(sums, pairs(load_vector(at)));
  // Two lanes are one number here: the upper one counts 2^32 times, which leaves the remainder 1.
  const __m128i two =
      _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  const std::uint64_t sum = static_cast<std::uint64_t>(_mm_cvtsi128_si64(two)) +
                            static_cast<std::uint64_t>(_mm_extract_epi64(two, 1));
  // What the eight lanes began with is taken away, and each vector's eight times 65,536, which
  // leave the remainder 1 each, are given back.
  constexpr std::uint64_t kLanes = 8;
  return sum + (0xffffU - kLanes * kStart % 0xffffU) + kLanes * vectors;
}

#else

/// The same for machines without AVX2: the sum itself. It reads nothing before those bytes.
[[nodiscard]] inline std::uint64_t sum_to(const std::uint8_t* end, std::size_t bytes) noexcept {
  std::uint64_t sum = 0;
  for (; bytes >= 8; bytes -= 8) sum += halves(load<std::uint64_t>(end -= 8));
  // The rest as the high bytes of a word.
  if (bytes != 0) sum += halves(load<std::uint64_t>(end - bytes) << (64 - 8 * bytes));
  return sum;
}

#endif

}  // namespace

bool plain_checksums_right(const std::uint8_t* ip, const std::uint8_t* udp,
                           std::uint32_t udp_bytes) noexcept {
  const bool is_ipv6 = *ip >> 4 == 6;
  // The sum over a header that includes its right checksum is all ones.
  if (!is_ipv6 && !folds_to_ones(sum_of_ipv4(ip))) return false;
  if (udp[6] == 0 && udp[7] == 0) return true;
  // The addresses of the pseudo header lie right before the UDP header.
  const std::uint8_t* const addresses = ip + (is_ipv6 ? 8 : 12);
  const auto bytes = static_cast<std::size_t>(udp + udp_bytes - addresses);
  // The rest of the pseudo header: its words are like those of the sum.
  const auto length = static_cast<std::uint16_t>(udp_bytes);
  const std::uint32_t rest =
      (bytes & 1U) != 0 ? std::uint32_t{length} + IPPROTO_UDP
                        : std::uint32_t{rte_cpu_to_be_16(length)} + rte_cpu_to_be_16(IPPROTO_UDP);
  return folds_to_ones(sum_to(udp + udp_bytes, bytes) + rest);
}

bool ip_checksum_right(const std::uint8_t* head, const wire::PacketVerdict& verdict) noexcept {
  // Over a header with its checksum in it, options included, the sum is all ones.
  return rte_raw_cksum(head + verdict.ip_offset, verdict.ip_header_bytes) == 0xffff;
}

bool udp_checksum_right(const rte_mbuf& packet, const std::uint8_t* head,
                        const wire::PacketVerdict& verdict) noexcept {
  const std::uint8_t* ip = head + verdict.ip_offset;
  const std::uint8_t* addresses = ip + (verdict.is_ipv6 ? 8 : 12);
  // Pseudo header: addresses, UDP length, protocol. Sums of big-endian words read as the host's add
  // up all the same (RFC 1071).
  std::uint32_t total = rte_raw_cksum(addresses, verdict.is_ipv6 ? 32 : 8);
  total += rte_cpu_to_be_16(verdict.udp_bytes);
  total += rte_cpu_to_be_16(IPPROTO_UDP);
  total += sum_over_segments(packet, verdict.udp_offset, verdict.udp_bytes);
  total = (total & 0xffff) + (total >> 16);
  total = (total & 0xffff) + (total >> 16);
  return total == 0xffff;
}

}  // namespace esc::ingest::detail
