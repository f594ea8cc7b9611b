// SPDX-License-Identifier: BSD-3-Clause
// Compares the tables of reasons in docs/metrics.md with those in the code, from which they are
// written.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "base/pressure.hpp"
#include "base/reasons.hpp"

namespace esc {
namespace {

std::string page() {
  const char* root = std::getenv("ESC_SOURCE_ROOT");
  std::ifstream file(std::string(root == nullptr ? "." : root) + "/docs/metrics.md");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Writes the table beside the test if the page has another.
template <class Enum>
void expect_on_page(const std::string& name, const NamedTable<Enum>& rows) {
  std::string table = "| name | what it is |\n|---|---|\n";
  for (const Named<Enum>& row : rows) {
    table.append("| `").append(row.name).append("` | ").append(row.help).append(" |\n");
  }
  const std::string text = page();
  const std::string begin_mark = "<!-- " + name + ": begin -->\n";
  const std::size_t begin = text.find(begin_mark);
  const std::size_t end = text.find("<!-- " + name + ": end -->");
  ASSERT_NE(begin, std::string::npos) << name;
  ASSERT_NE(end, std::string::npos) << name;
  const std::string written =
      text.substr(begin + begin_mark.size(), end - begin - begin_mark.size());
  const std::string path = testing::TempDir() + "metrics-" + name + ".md";
  if (written != table) std::ofstream(path) << table;
  EXPECT_EQ(written, table) << "put what is now in " << path << " between the markers";
}

TEST(ReasonsPage, HasEveryName) {
  expect_on_page("frame-drops", kFrameDropRows);
  expect_on_page("packet-drops", kPacketDropRows);
  expect_on_page("non-events", kNonEventRows);
  expect_on_page("dead-reasons", kDeadReasonRows);
  expect_on_page("levels", kPressureLevelRows);
  expect_on_page("inputs", kPressureInputRows);
}

}  // namespace
}  // namespace esc
