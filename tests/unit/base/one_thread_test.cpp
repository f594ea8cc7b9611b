// SPDX-License-Identifier: BSD-3-Clause
#include "base/one_thread.hpp"

#include <gtest/gtest.h>

namespace esc {
namespace {

TEST(OneThread, RefusesEveryOther) {
  const OneThread here;
  EXPECT_TRUE(here.is_this());
  EXPECT_NO_THROW(here.require("the routes"));
  bool is_here = true;
  std::string said;
  std::thread other([&] {
    is_here = here.is_this();
    try {
      here.require("the routes");
    } catch (const std::logic_error& error) {
      said = error.what();
    }
  });
  other.join();
  EXPECT_FALSE(is_here);
  EXPECT_EQ(said, "the routes: for the thread that made it alone");
}

}  // namespace
}  // namespace esc
