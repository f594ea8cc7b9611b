// SPDX-License-Identifier: BSD-3-Clause
#include "wire/endpoint.hpp"

#include <gtest/gtest.h>

namespace esc::wire {
namespace {

TEST(Endpoint, IsAnAddressAndAPort) {
  for (const char* text :
       {"127.0.0.1:9100", "0.0.0.0:1", "[::1]:9100", "[::]:65535", "[2001:db8::7]:1"}) {
    EXPECT_TRUE(Endpoint::from(text)) << text;
  }
  for (const char* text : {"",
                           ":",
                           "9100",
                           "127.0.0.1",
                           "127.0.0.1:",
                           "127.0.0.1:65536",
                           "127.0.0.1:0",
                           "127.0.0.1:-1",
                           "127.0.0.1:+1",
                           "127.0.0.1: 1",
                           "127.0.0.1:1x",
                           "127.0.0:1",
                           "localhost:9100",
                           ":9100",
                           "::1:9100",
                           "[::1]",
                           "[::1]9100",
                           "[127.0.0.1]:9100",
                           "[::1:9100",
                           "::1]:9100",
                           "[fe80::1%eth0]:9100",
                           "[]:1",
                           "127.0.0.1:9100 "}) {
    EXPECT_FALSE(Endpoint::from(text)) << text;
  }
}

TEST(Endpoint, IsShownAsItIsRead) {
  for (const char* text : {"127.0.0.1:9100", "[::1]:9100", "[2001:db8::7]:1"}) {
    EXPECT_EQ(to_text(*Endpoint::from(text)), text);
  }
}

}  // namespace
}  // namespace esc::wire
