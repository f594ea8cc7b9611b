// SPDX-License-Identifier: BSD-3-Clause
#include "wire/ip_prefix.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>

#include "base/number.hpp"

namespace esc::wire {
namespace {

constexpr unsigned kV4Bits = 32;
constexpr unsigned kV6Bits = 128;
constexpr unsigned kMappedBits = 96;  // what stands before an IPv4 address
constexpr std::size_t kLongestAddress = INET6_ADDRSTRLEN - 1;

const PrefixProblem kNoPrefix = {"is neither an IPv4 nor an IPv6 prefix",
                                 "write for example 10.0.0.0/8 or 2001:db8::/32"};

struct Address {
  IpAddress address;
  bool written_as_v6 = false;
};

// inet_pton wants a terminator; it takes the plain forms only: no "10.1", no "010.0.0.1".
std::optional<Address> parse_address(std::string_view text) {
  if (text.empty() || text.size() > kLongestAddress) return std::nullopt;
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) {
    return Address{IpAddress::v4(load_be32(bytes.data())), false};
  }
  if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) {
    return Address{IpAddress::v6(bytes), true};
  }
  return std::nullopt;
}

std::optional<unsigned> parse_length(std::string_view text) {
  const auto length = parse_whole(text, range_of<unsigned>());
  const bool leading_zero = text.size() > 1 && text.front() == '0';
  if (!length || leading_zero) return std::nullopt;
  return static_cast<unsigned>(*length);
}

// The address with all bits after the first `bits` set to 0.
IpAddress masked(IpAddress address, unsigned bits) {
  for (std::size_t i = 0; i < address.bytes.size(); ++i) {
    const unsigned before = static_cast<unsigned>(i) * 8;
    const unsigned kept = bits <= before ? 0 : std::min(8U, bits - before);
    address.bytes[i] = static_cast<std::uint8_t>(address.bytes[i] & (0xff00U >> kept));
  }
  return address;
}

unsigned bits_of(const IpPrefix& prefix) {
  return prefix.length + (prefix.address.is_v4() ? kMappedBits : 0U);
}

}  // namespace

std::string to_text(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = address.is_v4();
  inet_ntop(v4 ? AF_INET : AF_INET6, address.bytes.data() + (v4 ? 12 : 0), text.data(),
            static_cast<socklen_t>(text.size()));
  return text.data();
}

std::string to_text(const IpPrefix& prefix) {
  return to_text(prefix.address) + "/" + std::to_string(prefix.length);
}

std::variant<IpPrefix, PrefixProblem> parse_prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<Address> parsed = parse_address(text.substr(0, slash));
  if (!parsed) return kNoPrefix;
  const unsigned most = parsed->written_as_v6 ? kV6Bits : kV4Bits;
  unsigned length = most;
  if (slash != std::string_view::npos) {
    const std::optional<unsigned> written = parse_length(text.substr(slash + 1));
    if (!written || *written > most) {
      return PrefixProblem{
          "has no length from 0 to " + std::to_string(most) + " behind its '/'",
          "write for example " + to_text(parsed->address) + "/" + std::to_string(most)};
    }
    length = *written;
  }
  const unsigned bits = length + (parsed->written_as_v6 ? 0 : kMappedBits);
  const IpPrefix prefix{masked(parsed->address, bits), static_cast<std::uint8_t>(length)};
  if (parsed->written_as_v6 && parsed->address.is_v4() && bits >= kMappedBits) {
    const IpPrefix plain{prefix.address, static_cast<std::uint8_t>(bits - kMappedBits)};
    return PrefixProblem{"is an IPv4 prefix written as IPv6", "write " + to_text(plain)};
  }
  if (prefix.address != parsed->address) {
    return PrefixProblem{"has bits set behind its first " + std::to_string(length),
                         "write " + to_text(prefix.address) + "/" + std::to_string(length) +
                             ", or " + to_text(parsed->address) + " for the one address"};
  }
  return prefix;
}

PrefixSet::Range<PrefixSet::Wide> PrefixSet::range_of(const IpPrefix& prefix) noexcept {
  const Wide first{prefix.address.high(), prefix.address.low()};
  const unsigned bits = bits_of(prefix);
  const auto ones = [](unsigned kept) { return kept >= 64 ? 0 : ~std::uint64_t{0} >> kept; };
  return {first, {first.high | ones(bits), first.low | ones(bits <= 64 ? 0 : bits - 64)}};
}

template <class Number>
void PrefixSet::merge(std::vector<Range<Number>>& ranges) {
  std::ranges::sort(ranges, {}, &Range<Number>::first);
  std::vector<Range<Number>> apart;
  for (const Range<Number>& range : ranges) {
    // Two prefixes either lie one inside the other or have no address in common.
    if (apart.empty() || apart.back().last < range.first) apart.push_back(range);
    apart.back().last = std::max(apart.back().last, range.last);
  }
  apart.shrink_to_fit();
  ranges = std::move(apart);
}

PrefixSet::PrefixSet(std::span<const IpPrefix> prefixes) {
  for (const IpPrefix& prefix : prefixes) {
    const Range<Wide> range = range_of(prefix);
    if (prefix.address.is_v4()) {
      v4_.push_back({static_cast<std::uint32_t>(range.first.low),
                     static_cast<std::uint32_t>(range.last.low)});
    } else {
      v6_.push_back(range);
    }
  }
  merge(v4_);
  merge(v6_);
}

}  // namespace esc::wire
