// SPDX-License-Identifier: BSD-3-Clause
#include "identity/window_record.hpp"

#include <algorithm>

namespace esc::identity {
namespace {

constexpr std::uint64_t kFull = UINT64_MAX;
constexpr std::size_t kWordCountOffset = 44;

// For the word of 64 numbers that ends with highest - behind: the bits that must be 0, since they
// would stand for numbers below 0.
std::uint64_t impossible(std::uint64_t highest, std::uint64_t behind) noexcept {
  if (behind > highest) return kFull;
  const std::uint64_t last = highest - behind;
  return last >= 63 ? 0 : kFull >> (last + 1);
}

std::string wrong_with(const WindowRecord& record) {
  if (record.first > record.highest) return "its first number is above its highest";
  if (record.floor > record.highest) return "its floor is above its highest number";
  if (record.words[0] >> 63U == 0) return "its highest number is not marked";
  for (std::size_t i = 0; i < record.words.size(); ++i) {
    if ((record.words[i] & impossible(record.highest, i * 64)) != 0)
      return "it marks numbers below 0";
  }
  return {};
}

}  // namespace

void put_u32(std::uint32_t value, std::vector<std::uint8_t>& to) {
  for (int shift = 0; shift < 32; shift += 8)
    to.push_back(static_cast<std::uint8_t>(value >> shift));
}

void put_u64(std::uint64_t value, std::vector<std::uint8_t>& to) {
  for (int shift = 0; shift < 64; shift += 8)
    to.push_back(static_cast<std::uint8_t>(value >> shift));
}

std::uint32_t get_u32(const std::uint8_t* from) noexcept {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8U | from[i];
  return value;
}

std::uint64_t get_u64(const std::uint8_t* from) noexcept {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8U | from[i];
  return value;
}

void encode_record(const WindowRecord& record, std::vector<std::uint8_t>& to) {
  const std::vector<std::uint64_t>& words = record.words;
  const auto mixed =
      std::ranges::count_if(words, [](std::uint64_t word) { return word != 0 && word != kFull; });
  put_u64(record.producer, to);
  put_u64(record.highest, to);
  put_u64(record.first, to);
  put_u64(record.floor, to);
  put_u64(record.age_ns, to);
  put_u32(record.epoch, to);
  put_u32(static_cast<std::uint32_t>(mixed), to);
  const auto put_mask = [&](auto&& belongs) {
    for (std::size_t from = 0; from < words.size(); from += 64) {
      std::uint64_t mask = 0;
      for (std::size_t i = from; i < std::min(from + 64, words.size()); ++i) {
        if (belongs(words[i])) mask |= std::uint64_t{1} << (i - from);
      }
      put_u64(mask, to);
    }
  };
  put_mask([](std::uint64_t word) { return word != 0; });
  put_mask([](std::uint64_t word) { return word == kFull; });
  for (const std::uint64_t word : words) {
    if (word != 0 && word != kFull) put_u64(word, to);
  }
}

std::optional<std::size_t> record_rest_bytes(std::span<const std::uint8_t> head,
                                             std::size_t words) noexcept {
  const std::uint32_t mixed = get_u32(head.data() + kWordCountOffset);
  if (mixed > words) return std::nullopt;
  return (2 * mask_words(words) + mixed) * 8;
}

std::string decode_record(std::span<const std::uint8_t> bytes, WindowRecord& record) {
  const std::uint8_t* at = bytes.data();
  record.producer = get_u64(at);
  record.highest = get_u64(at + 8);
  record.first = get_u64(at + 16);
  record.floor = get_u64(at + 24);
  record.age_ns = get_u64(at + 32);
  record.epoch = get_u32(at + 40);
  const std::size_t masks = mask_words(record.words.size());
  const std::uint8_t* some = at + kRecordHeadBytes;
  const std::uint8_t* full = some + masks * 8;
  const std::uint8_t* word = full + masks * 8;
  const std::uint8_t* end = bytes.data() + bytes.size();
  for (std::size_t i = 0; i < masks * 64; ++i) {
    const bool is_some = (get_u64(some + i / 64 * 8) >> i % 64 & 1U) != 0;
    const bool is_full = (get_u64(full + i / 64 * 8) >> i % 64 & 1U) != 0;
    if (i >= record.words.size()) {
      if (is_some || is_full) return "it has words beyond its window";
      continue;
    }
    if (is_full && !is_some) return "it calls a word both empty and full";
    record.words[i] = is_full ? kFull : 0;
    if (!is_some || is_full) continue;
    if (word == end) return "it has fewer words than it says";
    record.words[i] = get_u64(word);
    word += 8;
  }
  if (word != end) return "it has more words than it says";
  return wrong_with(record);
}

}  // namespace esc::identity
