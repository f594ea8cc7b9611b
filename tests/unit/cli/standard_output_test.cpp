// SPDX-License-Identifier: BSD-3-Clause
#include "cli/standard_output.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "base/file_descriptor.hpp"

namespace esc::cli {
namespace {

using namespace std::chrono_literals;

/// While it lives standard output is another file.
class Redirected {
 public:
  explicit Redirected(int fd) : kept_(::dup(STDOUT_FILENO)) {
    EXPECT_EQ(::dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
  }
  ~Redirected() { ::dup2(kept_.get(), STDOUT_FILENO); }
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;

 private:
  FileDescriptor kept_;
};

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    reader = FileDescriptor(ends[0]);
    writer = FileDescriptor(ends[1]);
  }
  FileDescriptor reader;
  FileDescriptor writer;
};

struct Ended {
  int code = 0;
  std::string said;
};
/// The exit code and the messages of a program that prints `bytes` bytes into `fd`.
Ended print_into(int fd, std::size_t bytes, int code = 0) {
  ::testing::internal::CaptureStderr();
  int ended = 0;
  {
    const Redirected redirected(fd);
    StandardOutput out("program");
    out.write(std::string(bytes, 'x'));
    ended = out.finish(code, 7);
  }
  return {ended, ::testing::internal::GetCapturedStderr()};
}

TEST(StandardOutput, GetsThere) {
  Pipe pipe;
  const Ended ended = print_into(pipe.writer.get(), 1000);
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.said, "");
  std::array<char, 2000> got{};
  EXPECT_EQ(::read(pipe.reader.get(), got.data(), got.size()), 1000);
}

TEST(StandardOutput, SaysThatItIsFull) {
  const FileDescriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  // Less than one buffer holds, and more than several do.
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{1'000'000}}) {
    const Ended ended = print_into(full.get(), bytes);
    EXPECT_EQ(ended.code, 7);
    EXPECT_EQ(ended.said,
              "program: standard output could not be written: No space left on device\n"
              "  fix: look at where it goes to, and at the space there\n");
  }
  // The program's own failure counts for more.
  EXPECT_EQ(print_into(full.get(), 1, 1).code, 1);
  EXPECT_EQ(print_into(full.get(), 0).code, 0) << "nothing was to be printed";
}

TEST(StandardOutput, IsQuietWhenTheReaderLeft) {
  Pipe pipe;
  pipe.reader.reset();
  for (const int code : {0, 1}) {
    const Ended ended = print_into(pipe.writer.get(), 1'000'000, code);
    EXPECT_EQ(ended.code, code);
    EXPECT_EQ(ended.said, "");
  }
}

TEST(StandardOutput, SaysSoonThatThereIsNoUse) {
  Pipe pipe;
  pipe.reader.reset();
  const Redirected redirected(pipe.writer.get());
  StandardOutput out("program");
  EXPECT_TRUE(out.flush());
  EXPECT_TRUE(out.usable());
  out.write("x");
  EXPECT_FALSE(out.flush());
  EXPECT_FALSE(out.usable());
  EXPECT_FALSE(out.stream());
}

TEST(StandardOutput, WaitsForRoomInANonBlockingPipe) {
  Pipe pipe;
  ASSERT_EQ(::fcntl(pipe.writer.get(), F_SETFL, O_NONBLOCK), 0);
  const pid_t reader = ::fork();
  if (reader == 0) {
    pipe.writer.reset();
    std::size_t all = 0;
    std::array<char, 4096> got{};
    for (ssize_t bytes = 0; (bytes = ::read(pipe.reader.get(), got.data(), got.size())) > 0;)
      all += static_cast<std::size_t>(bytes);
    ::_exit(all == 1'000'000 ? 0 : 1);
  }
  const Ended ended = print_into(pipe.writer.get(), 1'000'000);
  EXPECT_EQ(ended.code, 0) << ended.said;
  pipe.writer.reset();
  int status = 0;
  ASSERT_EQ(::waitpid(reader, &status, 0), reader);
  EXPECT_EQ(status, 0) << "not all of it came";
}

TEST(StandardOutput, ThatIsClosedGoesToNoFileOfOurs) {
  ::testing::internal::CaptureStderr();
  const FileDescriptor kept(::dup(STDOUT_FILENO));
  ::close(STDOUT_FILENO);
  int code = 0;
  {
    StandardOutput out("program");
    const FileDescriptor ours(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    EXPECT_GT(ours.get(), STDERR_FILENO);
    out.write("x");
    code = out.finish(0, 7);
  }
  ::dup2(kept.get(), STDOUT_FILENO);
  EXPECT_EQ(code, 7);
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("Bad file descriptor"),
            std::string::npos);
}

TEST(StandardOutput, WaitsUntilSomethingHappens) {
  Pipe pipe;
  const FileDescriptor event(::eventfd(0, EFD_CLOEXEC));
  const Redirected redirected(pipe.writer.get());
  EXPECT_EQ(StandardOutput::wait(event.get(), 1ms), StandardOutput::Waited::kTime);
  pipe.reader.reset();
  EXPECT_EQ(StandardOutput::wait(event.get(), 1h), StandardOutput::Waited::kReaderLeft);
  const std::uint64_t one = 1;
  ASSERT_EQ(::write(event.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
  EXPECT_EQ(StandardOutput::wait(event.get(), 1h), StandardOutput::Waited::kReadable);
}

TEST(PrintIfTaken, LosesWhatNobodyTakes) {
  Pipe pipe;
  ASSERT_GE(::fcntl(pipe.writer.get(), F_SETPIPE_SZ, 4096), 0);
  const std::string room(4096, 'x');
  ASSERT_EQ(::write(pipe.writer.get(), room.data(), room.size()), 4096);
  const Redirected redirected(pipe.writer.get());
  print_if_taken("a line\n");  // and returns
  pipe.reader.reset();
  print_if_taken("another\n");
}

}  // namespace
}  // namespace esc::cli
