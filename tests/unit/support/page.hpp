// SPDX-License-Identifier: BSD-3-Clause
// Tables that stand in a page of docs/, and are made from the code.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace esc::test {

/// Expects `table` between the markers of `name` in docs/PAGE.md. If the page has another, the
/// right one is written into the build's folder. Needs the variables ESC_SOURCE_ROOT and
/// ESC_BUILD_DIR.
inline void expect_on_page(const std::string& page, const std::string& name,
                           const std::string& table) {
  const char* const root = std::getenv("ESC_SOURCE_ROOT");
  const char* const build = std::getenv("ESC_BUILD_DIR");
  ASSERT_NE(root, nullptr) << "run it by meson test";
  ASSERT_NE(build, nullptr) << "run it by meson test";
  std::ifstream file(std::string(root) + "/docs/" + page + ".md");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::string begin_mark = "<!-- " + name + ": begin -->\n";
  const std::size_t begin = text.find(begin_mark);
  const std::size_t end = text.find("<!-- " + name + ": end -->");
  ASSERT_NE(begin, std::string::npos) << name;
  ASSERT_NE(end, std::string::npos) << name;
  const std::string written =
      text.substr(begin + begin_mark.size(), end - begin - begin_mark.size());
  const std::string path = std::string(build) + "/" + page + "-" + name + ".md";
  if (written != table) std::ofstream(path) << table;
  EXPECT_EQ(written, table) << "put what is now in " << path << " between the markers";
}

}  // namespace esc::test
