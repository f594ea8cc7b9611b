// SPDX-License-Identifier: BSD-3-Clause
// Paths that are spelt differently and lead to one file.
#include "files/same_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "odd_files.hpp"

namespace esc::files::testing {
namespace {

class SameFile : public OddFiles {};

TEST_F(SameFile, ByWhatPathsLeadTo) {
  std::ofstream(at("file")) << "x";
  std::ofstream(at("another")) << "x";
  std::filesystem::create_symlink("file", at("alias"));
  std::filesystem::create_hard_link(at("file"), at("hard"));
  std::filesystem::create_directory(at("folder"));
  for (const char* const name : {"file", "./file", "folder/../file", "alias", "hard"}) {
    EXPECT_TRUE(same_file(at("file"), at(name))) << name;
    EXPECT_TRUE(same_file(at(name), at("file"))) << name;
    EXPECT_FALSE(same_file(at("another"), at(name))) << name;
  }
  EXPECT_TRUE(same_file(at("none"), at("./none")));
  EXPECT_TRUE(same_file(at("folder/../none"), at("none")));
  EXPECT_FALSE(same_file(at("none"), at("file")));
  EXPECT_FALSE(same_file(at("file"), at("none")));
  EXPECT_FALSE(same_file(at("none"), at("nobody")));
  EXPECT_FALSE(same_file(at("fifo"), at("fifo"))) << "it takes what many write";
  EXPECT_FALSE(same_file("/dev/null", "/dev/null"));
}

}  // namespace
}  // namespace esc::files::testing
