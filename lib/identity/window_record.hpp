// SPDX-License-Identifier: BSD-3-Clause
// One producer's window in the form in which it is saved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "identity/producer_table.hpp"

namespace esc::identity {

inline constexpr std::uint64_t kMinSavedWindow = 64;
inline constexpr std::uint64_t kMaxSavedWindow = 1U << 20U;

/// A record. Its buffer is used for one record after the other.
struct WindowRecord {
  std::uint64_t producer = 0;
  std::uint64_t highest = 0;
  std::uint64_t first = 0;
  std::uint64_t floor = 0;
  std::uint64_t age_ns = 0;
  std::uint32_t epoch = 0;
  std::vector<std::uint64_t> words;  ///< as ProducerTable::Saved's
};

/// Fixed part: producer, highest, first, floor, age u64; epoch, how many words follow u32.
inline constexpr std::size_t kRecordHeadBytes = 5 * 8 + 2 * 4;
/// Then two bits for each word of the window: the first bits of all words, then the second bits of
/// all, in units of 64 bits.
[[nodiscard]] constexpr std::size_t mask_words(std::size_t words) noexcept {
  return (words + 63) / 64;
}
[[nodiscard]] constexpr std::size_t max_record_bytes(std::size_t words) noexcept {
  return kRecordHeadBytes + (2 * mask_words(words) + words) * 8;
}

/// Appends the record to `to`.
void encode_record(const WindowRecord& record, std::vector<std::uint8_t>& to);

/// How many bytes follow the fixed part of a record of `words` words; nullopt: more than a record
/// can have.
[[nodiscard]] std::optional<std::size_t> record_rest_bytes(std::span<const std::uint8_t> head,
                                                           std::size_t words) noexcept;

/// Reads a whole record of record.words.size() words. Returns an empty text if a table can have had
/// such a window, else what is wrong with it.
[[nodiscard]] std::string decode_record(std::span<const std::uint8_t> bytes, WindowRecord& record);

// Little-endian, as everything in the file.
void put_u32(std::uint32_t value, std::vector<std::uint8_t>& to);
void put_u64(std::uint64_t value, std::vector<std::uint8_t>& to);
[[nodiscard]] std::uint32_t get_u32(const std::uint8_t* from) noexcept;
[[nodiscard]] std::uint64_t get_u64(const std::uint8_t* from) noexcept;

}  // namespace esc::identity
