// SPDX-License-Identifier: BSD-3-Clause
#include "wire/host_port.hpp"

#include <gtest/gtest.h>

namespace esc::wire {
namespace {

TEST(HostPort, Splits) {
  EXPECT_EQ(split_host_port("host:9001"), (HostPort{"host", "9001"}));
  EXPECT_EQ(split_host_port("192.0.2.1:1"), (HostPort{"192.0.2.1", "1"}));
  EXPECT_EQ(split_host_port("[2001:db8::1]:65535"), (HostPort{"2001:db8::1", "65535"}));
}

TEST(HostPort, WhatIsNone) {
  for (const char* text :
       {"", ":", "host", "host:", ":9001", "host:0", "host:65536", "host:-1", "host:+1", "host: 1",
        "host:1x", "2001:db8::1:9001", "[]:9001", "[:9001"})
    EXPECT_EQ(split_host_port(text), std::nullopt) << text;
}

}  // namespace
}  // namespace esc::wire
