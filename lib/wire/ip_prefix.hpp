// SPDX-License-Identifier: BSD-3-Clause
// IP addresses, prefixes of them, and sets of prefixes: who may send what.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "wire/byte_order.hpp"

namespace esc::wire {

/// An IPv4 or IPv6 address in network order. IPv4 is held as IPv6 holds it (RFC 4291, 2.5.5.2:
/// ::ffff:a.b.c.d), so an IPv6 packet from such an address counts as the IPv4 one.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  [[nodiscard]] static IpAddress v4(std::uint32_t address) noexcept {
    IpAddress made;
    made.bytes[10] = made.bytes[11] = 0xff;
    store_be32(made.bytes.data() + 12, address);
    return made;
  }
  [[nodiscard]] static IpAddress v6(std::span<const std::uint8_t, 16> address) noexcept {
    IpAddress made;
    std::ranges::copy(address, made.bytes.begin());
    return made;
  }

  [[nodiscard]] std::uint64_t high() const noexcept { return load_be64(bytes.data()); }
  [[nodiscard]] std::uint64_t low() const noexcept { return load_be64(bytes.data() + 8); }
  [[nodiscard]] bool is_v4() const noexcept { return high() == 0 && low() >> 32 == 0xffff; }

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

/// "10.1.2.3", "2001:db8::1".
[[nodiscard]] std::string to_text(const IpAddress& address);

/// All addresses of one family whose first `length` bits are those of `address`; its others are 0.
struct IpPrefix {
  IpAddress address;
  std::uint8_t length = 0;  ///< bits: 0..32 of IPv4, 0..128 of IPv6

  friend auto operator<=>(const IpPrefix&, const IpPrefix&) = default;
};

/// "10.0.0.0/8".
[[nodiscard]] std::string to_text(const IpPrefix& prefix);

/// Why a text is no prefix, and what to write instead. Nothing of the text is in it.
struct PrefixProblem {
  std::string what;
  std::string fix;
};

/// Reads "10.0.0.0/8", "2001:db8::/32", or an address alone, which stands for itself only.
[[nodiscard]] std::variant<IpPrefix, PrefixProblem> parse_prefix(std::string_view text);

/// Whether an address is in any of some prefixes. IPv4 prefixes hold IPv4 addresses only, IPv6
/// prefixes the others: 0.0.0.0/0 and ::/0 together are everyone. Immutable; any thread.
///
/// Kept as sorted ranges without overlap, so that a question is a binary search of at most 12
/// steps.
class PrefixSet {
 public:
  static constexpr std::size_t kMaxPrefixes = 4'096;

  /// At most kMaxPrefixes. Allocates.
  explicit PrefixSet(std::span<const IpPrefix> prefixes);

  [[nodiscard]] bool contains(const IpAddress& address) const noexcept {
    if (address.is_v4()) {
      return in_ranges<std::uint32_t>(v4_, static_cast<std::uint32_t>(address.low()));
    }
    return in_ranges<Wide>(v6_, {address.high(), address.low()});
  }

  /// Ranges kept: at most the prefixes given.
  [[nodiscard]] std::size_t ranges() const noexcept { return v4_.size() + v6_.size(); }
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return sizeof *this + v4_.size() * sizeof v4_[0] + v6_.size() * sizeof v6_[0];
  }

 private:
  struct Wide {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the comparison for a pointer's
    friend auto operator<=>(const Wide&, const Wide&) = default;
  };
  template <class Number>
  struct Range {
    Number first;
    Number last;  ///< inclusive
  };

  template <class Number>
  [[nodiscard]] static bool in_ranges(const std::vector<Range<Number>>& ranges,
                                      const Number& number) noexcept {
    if (ranges.empty()) return false;
    const Range<Number>* at = ranges.data();
    for (std::size_t left = ranges.size(); left > 1;) {
      const std::size_t half = left / 2;
      if (at[half].first <= number) at += half;
      left -= half;
    }
    return at->first <= number && number <= at->last;
  }

  template <class Number>
  static void merge(std::vector<Range<Number>>& ranges);
  static Range<Wide> range_of(const IpPrefix& prefix) noexcept;

  std::vector<Range<std::uint32_t>> v4_;
  std::vector<Range<Wide>> v6_;
};

}  // namespace esc::wire
