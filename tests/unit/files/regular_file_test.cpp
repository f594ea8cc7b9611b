// SPDX-License-Identifier: BSD-3-Clause
// Reading a file that a user named: only regular files of a bounded size are read.
#include "files/regular_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "odd_files.hpp"

namespace esc::files::testing {
namespace {

class RegularFile : public OddFiles {};

std::string refusal(const std::string& path, std::size_t max_bytes = 100,
                    Links links = Links::kRefuse) {
  try {
    (void)read_file(path, max_bytes, links);
  } catch (const FileError& error) {
    EXPECT_NE(std::string(error.what()).find(path), std::string::npos);
    EXPECT_FALSE(error.fix().empty());
    return error.what();
  }
  return {};
}

TEST_F(RegularFile, IsReadWhole) {
  const std::string text(200'000, 'x');
  write("file", text);
  EXPECT_EQ(read_file(at("file"), text.size()), text);
  write("empty", "");
  EXPECT_EQ(read_file(at("empty"), 0), "");
  EXPECT_EQ(read_file(at("link"), 100), "untouched");
}

TEST_F(RegularFile, OfMoreThanTheBoundIsRefused) {
  write("file", std::string(70'000, 'x'));
  EXPECT_NE(refusal(at("file"), 69'999).find("more than 69999 bytes"), std::string::npos);
  EXPECT_NE(refusal(at("file"), 0).find("more than 0 bytes"), std::string::npos);
}

TEST_F(RegularFile, IsTheOnlyKindThatIsOpened) {
  for (const std::string& name : names_) {
    // Opening a FIFO without a writer would make the test wait for ever.
    EXPECT_NE(refusal(at(name)), "") << name;
    const Opened opened = open_regular_at(AT_FDCWD, at(name), O_RDWR, Links::kRefuse);
    EXPECT_FALSE(opened.fd.valid()) << name;
    EXPECT_EQ(opened.error, 0) << name;
    EXPECT_TRUE(opened.mode.has_value()) << name;
  }
  expect_untouched();
  EXPECT_NE(refusal(at("fifo")).find("it is a FIFO"), std::string::npos);
  EXPECT_NE(refusal("/dev/zero").find("it is a character device"), std::string::npos);
  EXPECT_NE(refusal(at("missing")).find("No such file"), std::string::npos);
  EXPECT_NE(refusal(at("target") + "/x").find("Not a directory"), std::string::npos);
}

TEST_F(RegularFile, ThatHasNothingToReadYetIsNoFileToWaitFor) {
  // By its mode this is a regular file, but a read waits for the kernel's next message.
  if (::access("/proc/kmsg", R_OK) != 0) GTEST_SKIP() << "/proc/kmsg is not to be read here";
  for (int i = 0; i < 10'000; ++i) {
    const std::string said = refusal("/proc/kmsg", 64);
    if (said.find("temporarily unavailable") != std::string::npos) return;
    // The kernel's earlier messages are read first. Each time they are longer than the bound.
    ASSERT_NE(said.find("more than 64 bytes"), std::string::npos) << said;
  }
}

TEST_F(RegularFile, OfTheSystemIsReadWithoutASize) {
  EXPECT_NE(read_system_file("/proc/self/status").value_or("").find("Name:"), std::string::npos);
  EXPECT_EQ(read_system_file(at("missing")), std::nullopt);
  EXPECT_EQ(read_system_file(at("fifo")), std::nullopt);
}

}  // namespace
}  // namespace esc::files::testing
