// SPDX-License-Identifier: BSD-3-Clause
// At the path of a file that a program wants to write there may be nothing, or a regular file.
#include "files/place.hpp"

#include <gtest/gtest.h>

#include "odd_files.hpp"

namespace esc::files::testing {
namespace {

class PlaceTest : public OddFiles {};

TEST_F(PlaceTest, IsFreeOrHasARegularFile) {
  EXPECT_FALSE(Place(at("new")).trouble().has_value());
  EXPECT_FALSE(Place(at("target")).trouble().has_value());
  for (const std::string& name : names_) {
    EXPECT_TRUE(Place(at(name)).trouble().has_value()) << name;
    EXPECT_THROW((void)Place(at(name)).open_to_read(), FileError) << name;
  }
  expect_untouched();
  EXPECT_FALSE(Place(at("new")).open_to_read().valid());
  EXPECT_TRUE(Place(at("target")).open_to_read().valid());
}

TEST_F(PlaceTest, FollowsALinkOnceWhenAsked) {
  const Place place(at("link"), Links::kFollow);
  EXPECT_FALSE(place.trouble().has_value());
  EXPECT_EQ(place.name(), "target");
  EXPECT_TRUE(Place(at("dangling"), Links::kFollow).trouble().has_value());
}

TEST_F(PlaceTest, WithoutAFolderIsRefused) {
  EXPECT_THROW(Place(at("none/file")), FileError);
  EXPECT_THROW(Place(at("target/file")), FileError);
  EXPECT_THROW(Place(at("directory/")), FileError);
  EXPECT_THROW(Place(""), FileError);
}

TEST_F(PlaceTest, RenamesRegularFilesOnly) {
  for (const std::string& name : names_) {
    EXPECT_THROW(Place(at(name)).rename_to("new"), FileError) << name;
    EXPECT_THROW(Place(at("target")).rename_to(name), FileError) << name;
    EXPECT_EQ(remove_regular_at(Place(at(name)).folder(), name), kNotRegular) << name;
  }
  EXPECT_FALSE(there("new"));
  expect_untouched();
  write("old", "1");
  write("other", "2");
  Place(at("old")).rename_to("other");
  EXPECT_EQ(read("other"), "1");
  EXPECT_FALSE(there("old"));
  EXPECT_EQ(Place(at("old")).beside("other").name(), "other");
  const Place place(at("other"));
  EXPECT_EQ(remove_regular_at(place.folder(), "other"), 0);
  EXPECT_EQ(remove_regular_at(place.folder(), "other"), ENOENT);
}

TEST_F(PlaceTest, StaysInItsFolderWhateverBecomesOfTheName) {
  std::filesystem::create_directory(at("a"));
  std::ofstream(at("a/file")) << "1";
  const Place place(at("a/file"));
  std::filesystem::rename(at("a"), at("b"));
  std::filesystem::create_directory(at("a"));
  place.rename_to("moved");
  EXPECT_TRUE(there("b/moved"));
  EXPECT_FALSE(there("a/moved"));
}

}  // namespace
}  // namespace esc::files::testing
