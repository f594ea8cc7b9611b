// SPDX-License-Identifier: BSD-3-Clause
#include "wire/ip_prefix.hpp"

#include <gtest/gtest.h>

#include <random>

namespace esc::wire {
namespace {

IpPrefix prefix(std::string_view text) {
  const auto parsed = parse_prefix(text);
  const auto* found = std::get_if<IpPrefix>(&parsed);
  EXPECT_NE(found, nullptr) << text;
  return found == nullptr ? IpPrefix{} : *found;
}

IpAddress address(std::string_view text) {
  return prefix(text).address;
}

std::string problem(std::string_view text) {
  const auto parsed = parse_prefix(text);
  const auto* found = std::get_if<PrefixProblem>(&parsed);
  return found == nullptr ? "" : found->what + "; " + found->fix;
}

TEST(ParsePrefix, GivesBackWhatItReads) {
  for (const char* text : {"10.0.0.0/8", "0.0.0.0/0", "192.168.1.4/30", "1.2.3.4/32", "::/0",
                           "2001:db8::/32", "fe80::1/128", "2001:db8:0:8000::/49"}) {
    EXPECT_EQ(to_text(prefix(text)), text);
  }
}

TEST(ParsePrefix, AnAddressAloneStandsForItself) {
  EXPECT_EQ(to_text(prefix("10.1.2.3")), "10.1.2.3/32");
  EXPECT_EQ(to_text(prefix("2001:DB8:0::1")), "2001:db8::1/128");
}

TEST(ParsePrefix, WhatIsNone) {
  const std::string none =
      "is neither an IPv4 nor an IPv6 prefix; write for example 10.0.0.0/8 or 2001:db8::/32";
  for (const std::string_view text :
       {"", "/", "/8", "10", "10.0.0/8", "10.0.0.0.0/8", "256.0.0.0/8", "010.0.0.0/8", " 10.0.0.0",
        "10.0.0.0 /8", "2001:db8/32", "::1::", "fe80::1%eth0", "host.example",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999"}) {
    EXPECT_EQ(problem(text), none) << text;
  }
  EXPECT_EQ(problem(std::string_view("1.2.3.4\0x", 9)), none);
  EXPECT_EQ(problem(std::string(300, '1')), none);
}

TEST(ParsePrefix, LengthsThatAreNone) {
  for (const char* text : {"1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/8x", "1.2.3.4/08",
                           "1.2.3.4/ 8", "1.2.3.4/4294967304", "1.2.3.4/8/8", "1.2.3.4/+8"}) {
    EXPECT_EQ(problem(text),
              "has no length from 0 to 32 behind its '/'; write for example 1.2.3.4/32")
        << text;
  }
  EXPECT_EQ(problem("::1/129"),
            "has no length from 0 to 128 behind its '/'; write for example ::1/128");
}

TEST(ParsePrefix, BitsBehindTheLength) {
  EXPECT_EQ(problem("10.1.2.3/8"),
            "has bits set behind its first 8; write 10.0.0.0/8, or 10.1.2.3 for the one address");
  EXPECT_EQ(problem("1.2.3.5/31"),
            "has bits set behind its first 31; write 1.2.3.4/31, or 1.2.3.5 for the one address");
  EXPECT_EQ(problem("2001:db8::1/64"),
            "has bits set behind its first 64; write 2001:db8::/64, or 2001:db8::1 for the one "
            "address");
  EXPECT_EQ(problem("8000::/0"),
            "has bits set behind its first 0; write ::/0, or 8000:: for the one address");
}

TEST(ParsePrefix, Ipv4InItsIpv6Form) {
  EXPECT_EQ(problem("::ffff:10.0.0.0/104"), "is an IPv4 prefix written as IPv6; write 10.0.0.0/8");
  EXPECT_EQ(problem("::ffff:10.0.0.1"), "is an IPv4 prefix written as IPv6; write 10.0.0.1/32");
  EXPECT_EQ(problem("::ffff:10.9.9.9/104"), "is an IPv4 prefix written as IPv6; write 10.0.0.0/8");
  EXPECT_EQ(to_text(prefix("::fffe:0:0/95")), "::fffe:0:0/95");
  EXPECT_EQ(to_text(prefix("::/96")), "::/96");
}

TEST(IpAddress, KnowsItsFamily) {
  EXPECT_TRUE(IpAddress::v4(0).is_v4());
  EXPECT_TRUE(IpAddress::v4(UINT32_MAX).is_v4());
  EXPECT_EQ(to_text(IpAddress::v4(0x0a010203)), "10.1.2.3");
  EXPECT_EQ(address("10.1.2.3"), IpAddress::v4(0x0a010203));
  EXPECT_FALSE(address("::1").is_v4());
  EXPECT_FALSE(address("::fffe:1.2.3.4").is_v4());
  EXPECT_FALSE(address("1::ffff:1.2.3.4").is_v4());
}

TEST(PrefixSet, EmptyHoldsNobody) {
  const PrefixSet none({});
  EXPECT_FALSE(none.contains(IpAddress::v4(0)));
  EXPECT_FALSE(none.contains(IpAddress{}));
}

TEST(PrefixSet, TheFamiliesAreApart) {
  const std::vector<IpPrefix> v4 = {prefix("0.0.0.0/0")};
  const std::vector<IpPrefix> v6 = {prefix("::/0")};
  EXPECT_TRUE(PrefixSet(v4).contains(address("255.255.255.255")));
  EXPECT_TRUE(PrefixSet(v4).contains(address("0.0.0.0")));
  EXPECT_FALSE(PrefixSet(v4).contains(address("::")));
  EXPECT_FALSE(PrefixSet(v4).contains(address("::fffe:255.255.255.255")));
  EXPECT_FALSE(PrefixSet(v6).contains(address("10.0.0.1")));
  EXPECT_TRUE(PrefixSet(v6).contains(address("ffff::1")));
}

TEST(PrefixSet, BordersAreExact) {
  const std::vector<IpPrefix> prefixes = {prefix("10.0.0.0/8"), prefix("2001:db8:0:8000::/49")};
  const PrefixSet set(prefixes);
  EXPECT_FALSE(set.contains(address("9.255.255.255")));
  EXPECT_TRUE(set.contains(address("10.0.0.0")));
  EXPECT_TRUE(set.contains(address("10.255.255.255")));
  EXPECT_FALSE(set.contains(address("11.0.0.0")));
  EXPECT_FALSE(set.contains(address("2001:db8:0:7fff:ffff:ffff:ffff:ffff")));
  EXPECT_TRUE(set.contains(address("2001:db8:0:8000::")));
  EXPECT_TRUE(set.contains(address("2001:db8:0:ffff:ffff:ffff:ffff:ffff")));
  EXPECT_FALSE(set.contains(address("2001:db8:1::")));
}

TEST(PrefixSet, KeepsARangeOnce) {
  const std::vector<IpPrefix> prefixes = {prefix("10.1.0.0/16"), prefix("10.0.0.0/8"),
                                          prefix("10.0.0.0/8"), prefix("10.0.0.0/9"), prefix("::")};
  EXPECT_EQ(PrefixSet(prefixes).ranges(), 2U);
}

// ---- Compared with a search bit by bit

unsigned bit(const IpAddress& address, unsigned at) {
  return address.bytes[at / 8] >> (7 - at % 8) & 1U;
}

bool holds(const IpPrefix& one, const IpAddress& address) {
  if (one.address.is_v4() != address.is_v4()) return false;
  const unsigned bits = one.length + (one.address.is_v4() ? 96U : 0U);
  for (unsigned at = 0; at < bits; ++at) {
    if (bit(one.address, at) != bit(address, at)) return false;
  }
  return true;
}

// Few different bytes, so that prefixes nest and touch and addresses hit their borders.
IpAddress drawn(std::mt19937_64& random) {
  static constexpr std::array<std::uint8_t, 6> kBytes = {0, 1, 0x7f, 0x80, 0xfe, 0xff};
  std::array<std::uint8_t, 16> bytes{};
  for (std::uint8_t& byte : bytes) byte = kBytes[random() % kBytes.size()];
  if (random() % 2 == 0) return IpAddress::v4(load_be32(bytes.data()));
  if (random() % 2 == 0) std::fill(bytes.begin() + 2, bytes.end() - 1, std::uint8_t{0});
  return IpAddress::v6(bytes);
}

IpPrefix drawn_prefix(std::mt19937_64& random) {
  while (true) {
    const IpAddress from = drawn(random);
    const unsigned length = static_cast<unsigned>(random() % (from.is_v4() ? 33 : 129));
    IpPrefix made{from, static_cast<std::uint8_t>(length)};
    for (unsigned at = length + (from.is_v4() ? 96U : 0U); at < 128; ++at) {
      std::uint8_t& byte = made.address.bytes[at / 8];
      byte = static_cast<std::uint8_t>(byte & ~(0x80U >> (at % 8)));
    }
    if (made.address.is_v4() == from.is_v4()) return made;
  }
}

TEST(PrefixSet, AgreesWithComparingBits) {
  std::size_t inside = 0;
  std::size_t asked = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<IpPrefix> prefixes;
    for (std::size_t i = random() % (seed < 290 ? 20 : 500); i > 0; --i) {
      prefixes.push_back(drawn_prefix(random));
      // Short prefixes would hold all addresses.
      if (prefixes.back().length < 6) prefixes.pop_back();
    }
    const PrefixSet set(prefixes);
    for (int i = 0; i < 200; ++i) {
      const IpAddress asked_for = drawn(random);
      const bool expected =
          std::ranges::any_of(prefixes, [&](const IpPrefix& one) { return holds(one, asked_for); });
      ASSERT_EQ(set.contains(asked_for), expected) << to_text(asked_for) << " seed " << seed;
      inside += expected ? 1 : 0;
      ++asked;
    }
  }
  // Neither answer is rare.
  EXPECT_GT(inside, asked / 10);
  EXPECT_LT(inside, asked * 9 / 10);
}

TEST(PrefixSet, AsManyAsThereMayBe) {
  std::vector<IpPrefix> prefixes;
  for (std::uint32_t i = 0; i < PrefixSet::kMaxPrefixes; ++i) {
    prefixes.push_back({IpAddress::v4(i << 16), 17});  // the lower half of each /16
  }
  const PrefixSet set(prefixes);
  EXPECT_EQ(set.ranges(), PrefixSet::kMaxPrefixes);
  for (std::uint32_t i = 0; i < PrefixSet::kMaxPrefixes; ++i) {
    ASSERT_TRUE(set.contains(IpAddress::v4(i << 16)));
    ASSERT_TRUE(set.contains(IpAddress::v4(i << 16 | 0x7fff)));
    ASSERT_FALSE(set.contains(IpAddress::v4(i << 16 | 0x8000)));
    ASSERT_FALSE(set.contains(IpAddress::v4(i << 16 | 0xffff)));
  }
}

}  // namespace
}  // namespace esc::wire
