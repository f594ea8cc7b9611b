// SPDX-License-Identifier: BSD-3-Clause
// Compares the tables of reasons in docs/metrics.md with those in the code, from which they are
// written.
#include <gtest/gtest.h>

#include <string>

#include "base/pressure.hpp"
#include "base/reasons.hpp"
#include "support/page.hpp"

namespace esc {
namespace {

template <class Enum>
void expect_on_page(const std::string& name, const NamedTable<Enum>& rows) {
  std::string table = "| name | what it is |\n|---|---|\n";
  for (const Named<Enum>& row : rows) {
    table.append("| `").append(row.name).append("` | ").append(row.help).append(" |\n");
  }
  test::expect_on_page("metrics", name, table);
}

TEST(ReasonsPage, HasEveryName) {
  expect_on_page("frame-drops", kFrameDropRows);
  expect_on_page("packet-drops", kPacketDropRows);
  expect_on_page("non-events", kNonEventRows);
  expect_on_page("stream-ends", kStreamEndRows);
  expect_on_page("stream-refusals", kStreamRefusalRows);
  expect_on_page("dead-reasons", kDeadReasonRows);
  expect_on_page("levels", kPressureLevelRows);
  expect_on_page("inputs", kPressureInputRows);
}

}  // namespace
}  // namespace esc
