// SPDX-License-Identifier: BSD-3-Clause
// Files that grow.
#include "files/append.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "odd_files.hpp"

namespace esc::files::testing {
namespace {

class Append : public OddFiles {
 protected:
  void add(const std::string& name, const std::string& text) const {
    const FileDescriptor file = open_to_append(at(name));
    EXPECT_EQ(append(file, text.data(), text.size()), 0);
  }
};

TEST_F(Append, MakesTheFileAndGoesOnAtItsEnd) {
  add("log", "one\n");
  add("log", "two\n");
  EXPECT_EQ(read("log"), "one\ntwo\n");
}

TEST_F(Append, ALinkToARegularFileIsFollowed) {
  add("link", "!");
  EXPECT_EQ(read("target"), "untouched!");
  EXPECT_TRUE(std::filesystem::is_symlink(at("link")));
}

TEST_F(Append, WhatIsNoRegularFileIsRefused) {
  for (const std::string& name : names_) {
    if (name == "link") continue;
    EXPECT_THROW((void)open_to_append(at(name)), FileError) << name;
  }
  EXPECT_THROW((void)open_to_append(at("nowhere/log")), FileError);
  expect_untouched();
}

TEST_F(Append, WhatIsRefusedIsNamed) {
  try {
    (void)open_to_append(at("fifo"));
    ADD_FAILURE();
  } catch (const FileError& error) {
    EXPECT_EQ(error.what(), at("fifo") + ": it is a FIFO");
  }
}

TEST_F(Append, AnErrorIsTold) {
  const FileDescriptor file(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(append(file, "x", 1), ENOSPC);
}

}  // namespace
}  // namespace esc::files::testing
