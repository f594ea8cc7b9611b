// SPDX-License-Identifier: BSD-3-Clause
// Afterwards there is the old file or the whole new one, and nothing else was touched.
#include "files/replacement.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "odd_files.hpp"

namespace esc::files::testing {
namespace {

class ReplacementTest : public OddFiles {
 protected:
  /// How many files there are whose names begin with NAME.new.
  std::size_t beside(const std::string& name) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(at("")))
      count += entry.path().filename().string().starts_with(name + ".new") ? 1 : 0;
    return count;
  }
};

TEST_F(ReplacementTest, PutsAWholeFileInPlace) {
  replace_file(Place(at("file")), "one");
  EXPECT_EQ(read("file"), "one");
  struct stat status {};
  ASSERT_EQ(::stat(at("file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  write("file.new", "somebody's");
  replace_file(Place(at("file")), "two");
  EXPECT_EQ(read("file"), "two");
  EXPECT_EQ(read("file.new"), "somebody's");
  EXPECT_EQ(beside("file"), 1U) << "file.new";
}

TEST_F(ReplacementTest, ThatIsNotCommittedLeavesTheOldFile) {
  replace_file(Place(at("file")), "old");
  const Place place(at("file"));
  {
    Replacement next(place);
    next.write(std::string_view("new"));
    EXPECT_EQ(beside("file"), 1U);
  }
  EXPECT_EQ(read("file"), "old");
  EXPECT_EQ(beside("file"), 0U);
}

TEST_F(ReplacementTest, NeverTakesThePlaceOfAnythingElse) {
  for (const std::string& name : names_) {
    EXPECT_THROW(replace_file(Place(at(name)), "x"), FileError) << name;
    EXPECT_EQ(beside(name), 0U) << name;
  }
  expect_untouched();
}

TEST_F(ReplacementTest, TwoThatWriteAtOnceAreBothWhole) {
  const Place place(at("file"));
  Replacement one(place);
  one.write(std::string_view("one"));
  Replacement other(place);
  other.write(std::string_view("oth"));
  one.commit();
  EXPECT_EQ(read("file"), "one");
  other.write(std::string_view("er"));
  other.commit();
  EXPECT_EQ(read("file"), "other");
  EXPECT_EQ(beside("file"), 0U);
}

TEST_F(ReplacementTest, WhatWasPutInPlaceOfItsNewFileIsNotTaken) {
  replace_file(Place(at("file")), "old");
  const Place place(at("file"));
  {
    Replacement next(place);
    next.write(std::string_view("new"));
    for (const auto& entry : std::filesystem::directory_iterator(at(""))) {
      if (!entry.path().filename().string().starts_with("file.new-")) continue;
      std::filesystem::remove(entry.path());
      std::ofstream(entry.path()) << "somebody's";
    }
    EXPECT_THROW(next.commit(), FileError);
  }
  EXPECT_EQ(read("file"), "old");
  EXPECT_EQ(beside("file"), 1U) << "it is not ours to remove";
}

TEST_F(ReplacementTest, DoesNotTakeThePlaceOfWhatCameMeanwhile) {
  const Place place(at("file"));
  Replacement next(place);
  next.write(std::string_view("new"));
  std::filesystem::create_symlink("target", at("file"));
  EXPECT_THROW(next.commit(), FileError);
  EXPECT_TRUE(std::filesystem::is_symlink(at("file")));
  expect_untouched();
}

TEST_F(ReplacementTest, ThatHasNoRoomSaysSoAndLeavesTheOldFile) {
  replace_file(Place(at("file")), "old");
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit little{.rlim_cur = 10, .rlim_max = old.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
  int code = 0;
  try {
    replace_file(Place(at("file")), std::string(11, 'x'));
  } catch (const FileError& error) {
    code = error.code();
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(code, EFBIG);
  EXPECT_EQ(read("file"), "old");
  EXPECT_EQ(beside("file"), 0U);
}

TEST_F(ReplacementTest, NothingIsWrittenWhereTheKernelShowsItsFigures) {
  EXPECT_THROW(replace_file(Place("/proc/esc-none"), "x"), FileError);
  EXPECT_TRUE(Place("/sys/esc-none").trouble().has_value());
  EXPECT_EQ(open_regular_at(AT_FDCWD, "/proc/self/comm", O_WRONLY, Links::kFollow).error, EROFS);
  EXPECT_TRUE(open_regular_at(AT_FDCWD, "/proc/self/comm", O_RDONLY, Links::kFollow).fd.valid());
}

}  // namespace
}  // namespace esc::files::testing
