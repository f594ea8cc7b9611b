// SPDX-License-Identifier: BSD-3-Clause
// A value that was replaced stays valid for its readers if there is no memory left.
#include <gtest/gtest.h>

#include "runtime/published.hpp"
#include "support/out_of_memory.hpp"

namespace esc::runtime {
namespace {

struct Marked {
  explicit Marked(bool& flag) : gone(&flag) {}
  ~Marked() { *gone = true; }
  Marked(const Marked&) = delete;
  Marked& operator=(const Marked&) = delete;
  bool* gone;
};

TEST(PublishedMemory, ReplacingNeedsNone) {
  Quiescence quiescence(1);
  const QuiescentReader reader(quiescence, 0);
  reader.online();
  std::array<bool, 40> gone{};
  Published<Marked> published(quiescence, std::make_unique<const Marked>(gone[0]));
  for (std::size_t i = 1; i < gone.size(); ++i) {
    auto next = std::make_unique<const Marked>(gone[i]);
    bool threw = false;
    try {
      const test::OutOfMemory none(0);
      published.publish(std::move(next));
    } catch (const std::bad_alloc&) {
      threw = true;
    }
    EXPECT_FALSE(threw) << i;
    EXPECT_FALSE(gone[i - 1]) << "freed under its reader: " << i;
    reader.quiescent();
    EXPECT_TRUE(published.reclaim());
    EXPECT_TRUE(gone[i - 1]);
  }
}

}  // namespace
}  // namespace esc::runtime
