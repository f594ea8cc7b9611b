// The old file or the whole new one; and nothing else is touched.
#include "files/replacement.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include "odd_files.hpp"

namespace esc::files::testing {
namespace {

class ReplacementTest : public OddFiles {};

TEST_F(ReplacementTest, PutsAWholeFileInPlace) {
  replace_file(Place(at("file")), "one");
  EXPECT_EQ(read("file"), "one");
  struct stat status {};
  ASSERT_EQ(::stat(at("file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  write("file.new", "left behind by a crash");
  replace_file(Place(at("file")), "two");
  EXPECT_EQ(read("file"), "two");
  EXPECT_FALSE(there("file.new"));
}

TEST_F(ReplacementTest, ThatIsNotCommittedLeavesTheOldFile) {
  replace_file(Place(at("file")), "old");
  const Place place(at("file"));
  {
    Replacement next(place);
    next.write(std::string_view("new"));
    EXPECT_EQ(read("file.new"), "new");
  }
  EXPECT_EQ(read("file"), "old");
  EXPECT_FALSE(there("file.new"));
}

TEST_F(ReplacementTest, NeverTakesThePlaceOfAnythingElse) {
  for (const std::string& name : names_) {
    EXPECT_THROW(replace_file(Place(at(name)), "x"), FileError) << name;
    EXPECT_FALSE(there(name + ".new")) << name;
    // Nor of what has the name that it is written under.
    std::filesystem::rename(at(name), at("file.new"));
    EXPECT_THROW(replace_file(Place(at("file")), "x"), FileError) << name;
    EXPECT_FALSE(there("file")) << name;
    std::filesystem::rename(at("file.new"), at(name));
  }
  expect_untouched();
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
  EXPECT_FALSE(there("file.new"));
}

}  // namespace
}  // namespace esc::files::testing
