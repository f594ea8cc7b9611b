#include "ingest/checksum.hpp"

#include <rte_ip.h>

#include <algorithm>
#include <cstring>

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

using Sum = unsigned __int128;

[[nodiscard]] inline std::uint64_t load64(const std::uint8_t* from) noexcept {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// Sum of the bytes as words of the host, any of whose widths gives the same ones' complement sum
/// once it is folded (RFC 1071, 2 (C)). The 8 bytes before `from` may be read.
[[nodiscard]] inline Sum sum_of(const std::uint8_t* from, std::size_t bytes) noexcept {
  Sum sum = 0;
  const std::uint8_t* const end = from + bytes;
  for (; end - from >= 32; from += 32) {
    sum += load64(from);
    sum += load64(from + 8);
    sum += load64(from + 16);
    sum += load64(from + 24);
  }
  for (; end - from >= 8; from += 8) sum += load64(from);
  // The rest as the low bytes of a word.
  if (end != from) sum += load64(end - 8) >> (64 - 8 * (end - from));
  return sum;
}

/// In 16 bits.
[[nodiscard]] inline std::uint16_t folded(Sum sum) noexcept {
  // Twice, for a carry of the first time.
  auto words = static_cast<std::uint64_t>(sum) % 0x1'0000'0000U +
               (static_cast<std::uint64_t>(sum) >> 32U) + static_cast<std::uint64_t>(sum >> 64U);
  words = (words & 0xffff'ffffU) + (words >> 32U);
  words = (words & 0xffffU) + (words >> 16U);
  words = (words & 0xffffU) + (words >> 16U);
  return static_cast<std::uint16_t>((words & 0xffffU) + (words >> 16U));
}

}  // namespace

bool plain_checksums_right(const std::uint8_t* ip, const std::uint8_t* udp,
                           std::uint32_t udp_bytes) noexcept {
  const bool is_ipv6 = *ip >> 4 == 6;
  // Over a header with its checksum in it, the sum is all ones.
  if (!is_ipv6 && folded(sum_of(ip, wire::kIpv4HeaderBytes)) != 0xffff) return false;
  if (udp[6] == 0 && udp[7] == 0) return true;
  // The addresses of the pseudo header lie right before the UDP header.
  const std::uint8_t* const addresses = ip + (is_ipv6 ? 8 : 12);
  const auto bytes = static_cast<std::size_t>(udp + udp_bytes - addresses);
  const Sum sum = sum_of(addresses, bytes) + rte_cpu_to_be_16(udp_bytes & 0xffffU) +
                  rte_cpu_to_be_16(IPPROTO_UDP);
  return folded(sum) == 0xffff;
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
