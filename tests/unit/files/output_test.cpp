// SPDX-License-Identifier: BSD-3-Clause
// Writing to a path that a user named.
#include "files/output.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "odd_files.hpp"

namespace esc::files::testing {
namespace {

class OutputTest : public OddFiles {};

TEST_F(OutputTest, ReplacesFilesAndWhatALinkLeadsTo) {
  EXPECT_FALSE(output_trouble(at("new")).has_value());
  write_output(at("new"), "1");
  write_output(at("new"), "2");
  EXPECT_EQ(read("new"), "2");
  EXPECT_FALSE(output_trouble(at("link")).has_value());
  write_output(at("link"), "through it");
  EXPECT_TRUE(std::filesystem::is_symlink(at("link")));
  EXPECT_EQ(read("target"), "through it");
}

TEST_F(OutputTest, WritesToWhatTakesBytesWhereItIs) {
  const FileDescriptor reader(::open(at("fifo").c_str(), O_RDONLY | O_NONBLOCK));
  EXPECT_FALSE(output_trouble(at("fifo")).has_value());
  write_output(at("fifo"), "text");
  std::string got(10, '\0');
  EXPECT_EQ(::read(reader.get(), got.data(), got.size()), 4);
  if (std::filesystem::exists(at("device"))) write_output(at("device"), "gone");
  expect_untouched();
}

TEST_F(OutputTest, RefusesTheRest) {
  EXPECT_TRUE(output_trouble(at("directory")).has_value());
  EXPECT_TRUE(output_trouble(at("dangling")).has_value());
  EXPECT_TRUE(output_trouble(at("none/file")).has_value());
  EXPECT_THROW(write_output(at("directory"), "x"), FileError);
  EXPECT_THROW(write_output(at("fifo"), "x"), FileError) << "nobody reads it";
  expect_untouched();
}

TEST_F(OutputTest, FilesThatAreMadeOnceAreRegular) {
  for (const std::string& name : names_) {
    EXPECT_THROW((void)open_lock(Place(at(name))), FileError) << name;
  }
  expect_untouched();
  EXPECT_TRUE(open_lock(Place(at("lock"))).valid());
}

}  // namespace
}  // namespace esc::files::testing
