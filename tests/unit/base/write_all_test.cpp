// SPDX-License-Identifier: BSD-3-Clause
// All of the text is written, or the reason why not is returned.
#include "base/write_all.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <string>
#include <thread>

#include "base/file_descriptor.hpp"

namespace esc {
namespace {

class WriteAll : public ::testing::Test {
 protected:
  WriteAll() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    reader_ = FileDescriptor(ends[0]);
    writer_ = FileDescriptor(ends[1]);
    (void)std::signal(SIGPIPE, SIG_IGN);
  }

  FileDescriptor reader_;
  FileDescriptor writer_;
};

// More than a pipe holds: the writer has to wait for its reader, again and again.
TEST_F(WriteAll, WaitsForRoom) {
  const std::string text(1'000'000, 'x');
  std::size_t got = 0;
  std::thread reader([&] {
    std::array<char, 4096> piece{};
    while (got < text.size()) {
      pollfd ready{reader_.get(), POLLIN, 0};
      if (::poll(&ready, 1, 60'000) != 1) return;
      got += static_cast<std::size_t>(
          std::max<ssize_t>(::read(reader_.get(), piece.data(), piece.size()), 0));
    }
  });
  EXPECT_EQ(write_all(writer_.get(), text, kForeverMs), 0);
  reader.join();
  EXPECT_EQ(got, text.size());
}

TEST_F(WriteAll, SaysWhyNot) {
  const std::string text(1'000'000, 'x');
  EXPECT_EQ(write_all(writer_.get(), text, 0), ETIMEDOUT);
  reader_.reset();
  EXPECT_EQ(write_all(writer_.get(), text, kForeverMs), EPIPE);
  EXPECT_EQ(write_all(-1, text, kForeverMs), EBADF);
  EXPECT_EQ(write_all(-1, "", kForeverMs), 0);
  const FileDescriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(write_all(full.get(), text, kForeverMs), ENOSPC);
}

}  // namespace
}  // namespace esc
