// SPDX-License-Identifier: BSD-3-Clause
// Builds captures byte by byte as the format's page says (pcap-savefile(5)). libpcap could not
// write the damaged ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace esc::config::test {

inline void append_word(std::string& bytes, std::uint32_t word) {
  for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(word >> shift);
}

/// The header of a little-endian capture with microseconds.
inline std::string pcap_header(std::uint32_t link_type = 1, std::uint32_t longest = 65'535) {
  std::string bytes;
  for (const std::uint32_t word : {0xa1b2c3d4U, 0x00040002U, 0U, 0U, longest, link_type}) {
    append_word(bytes, word);
  }
  return bytes;
}

/// A record that keeps `kept` bytes of a packet of `had` bytes.
inline std::string pcap_record(std::uint32_t kept, std::uint32_t had, std::string_view packet) {
  std::string bytes;
  for (const std::uint32_t word : {1U, 2U, kept, had}) append_word(bytes, word);
  return bytes.append(packet);
}
inline std::string pcap_record(std::size_t bytes) {
  const auto length = static_cast<std::uint32_t>(bytes);
  return pcap_record(length, length, std::string(bytes, 'x'));
}

/// The bytes of each word in reverse order, as in a capture of a big-endian machine. Whole words
/// only.
inline std::string other_endian(std::string bytes) {
  for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4) {
    std::swap(bytes[at], bytes[at + 3]);
    std::swap(bytes[at + 1], bytes[at + 2]);
  }
  return bytes;
}

/// A block of pcapng: its type, its length, the contents (whole words) and the length again.
inline std::string ng_block(std::uint32_t type, std::string_view within) {
  const auto length = static_cast<std::uint32_t>(within.size() + 12);
  std::string bytes;
  append_word(bytes, type);
  append_word(bytes, length);
  bytes += within;
  append_word(bytes, length);
  return bytes;
}
inline std::string ng_section() {
  std::string within;
  for (const std::uint32_t word : {0x1a2b3c4dU, 1U, 0xffffffffU, 0xffffffffU}) {
    append_word(within, word);
  }
  return ng_block(0x0a0d0d0a, within);
}
inline std::string ng_interface(std::uint32_t link_type) {
  std::string within;
  append_word(within, link_type);
  append_word(within, 65'535);
  return ng_block(1, within);
}
inline std::string ng_packet(std::uint32_t interface, std::string_view packet) {
  std::string within;
  const auto length = static_cast<std::uint32_t>(packet.size());
  for (const std::uint32_t word : {interface, 0U, 0U, length, length}) append_word(within, word);
  return ng_block(6, within.append(packet));
}

}  // namespace esc::config::test
