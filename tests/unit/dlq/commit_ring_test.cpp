// SPDX-License-Identifier: BSD-3-Clause
// Commits through io_uring, and what happens where it is not to be had.
#include "dlq/commit_ring.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/file_descriptor.hpp"
#include "dlq/commit_buffer.hpp"
#include "dlq/posix_file_system.hpp"
#include "support/temp_folder.hpp"

namespace esc::dlq {
namespace {

class CommitRingTest : public testing::Test {
 protected:
  CommitRingTest() {
    for (std::size_t i = 0; i < block_.span().size(); ++i)
      block_.span()[i] = static_cast<std::byte>(i * 7);
  }

  [[nodiscard]] bool is_there(const std::string& name, std::uint64_t offset) const {
    const FileDescriptor file(::open((folder_ + "/" + name).c_str(), O_RDONLY));
    AlignedBytes read(block_.span().size());
    const auto size = static_cast<ssize_t>(read.span().size());
    return ::pread(file.get(), read.span().data(), read.span().size(),
                   static_cast<off_t>(offset)) == size &&
           std::ranges::equal(read.span(), block_.span());
  }
  /// Writes a block into a new file of the folder.
  [[nodiscard]] int write(PosixFileSystem& files, const std::string& name) const {
    std::unique_ptr<File> file;
    if (const int error = files.create(name, 4 * kBlockBytes, file); error != 0) return error;
    return file->write_and_sync(kBlockBytes, block_.span());
  }

  test::TempFolder temp_;
  std::string folder_ = temp_.path();
  AlignedBytes block_{kBlockBytes};
};

bool ring_is_to_be_had() {
  return CommitRing().open() == 0;
}

TEST_F(CommitRingTest, WritesAndSyncs) {
  CommitRing ring;
  if (ring.open() != 0) GTEST_SKIP() << "no io_uring here";
  const FileDescriptor file(
      ::open((folder_ + "/file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  for (std::uint64_t i = 0; i < 100; ++i) {
    const auto result = ring.write_and_sync(file.get(), i * kBlockBytes, block_.span());
    ASSERT_EQ(result.error, 0);
    ASSERT_EQ(result.written, kBlockBytes);
    ASSERT_TRUE(is_there("file", i * kBlockBytes));
  }
}

TEST_F(CommitRingTest, AWriteThatFailsIsAnError) {
  CommitRing ring;
  if (ring.open() != 0) GTEST_SKIP() << "no io_uring here";
  const std::string path = folder_ + "/file";
  const FileDescriptor made(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto result = ring.write_and_sync(file.get(), 0, block_.span());
  EXPECT_EQ(result.error, EBADF);
  EXPECT_TRUE(ring.is_open());
  const FileDescriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(ring.write_and_sync(full.get(), 0, block_.span()).error, ENOSPC);
}

// In a process of its own: a limit stays.
TEST_F(CommitRingTest, AWriteThatIsShortSaysSo) {
  if (!ring_is_to_be_had()) GTEST_SKIP() << "no io_uring here";
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    constexpr std::size_t kRoom = 1536;
    const rlimit limit{.rlim_cur = kRoom, .rlim_max = RLIM_INFINITY};
    CommitRing ring;
    const FileDescriptor file(
        ::open((folder_ + "/file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    std::signal(SIGXFSZ, SIG_IGN);
    if (ring.open() != 0 || ::setrlimit(RLIMIT_FSIZE, &limit) != 0) std::_Exit(2);
    const auto result = ring.write_and_sync(file.get(), 0, block_.span());
    std::_Exit(result.error == 0 && result.written == kRoom ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(CommitRingTest, TheFolderUsesItIfItIsAskedTo) {
  PosixFileSystem files(CommitPath::kRing);
  ASSERT_EQ(files.open(folder_), 0);
  EXPECT_EQ(write(files, "file"), 0);
  EXPECT_TRUE(is_there("file", kBlockBytes));
  EXPECT_EQ(files.commit_path() == CommitPath::kRing, ring_is_to_be_had());
}

TEST_F(CommitRingTest, AFileThatIsGoneIsNotBelieved) {
  PosixFileSystem files(CommitPath::kRing);
  ASSERT_EQ(files.open(folder_), 0);
  std::unique_ptr<File> file;
  ASSERT_EQ(files.create("file", 4 * kBlockBytes, file), 0);
  ASSERT_EQ(files.remove("file"), 0);
  EXPECT_EQ(file->write_and_sync(0, block_.span()), ENOENT);
}

/// From here on the kernel answers EPERM when this process makes that call.
bool forbid(int call) {
  std::array<sock_filter, 4> code = {
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{.len = code.size(), .filter = code.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// Each time in a process of its own, since a filter cannot be removed.
TEST_F(CommitRingTest, WhereItIsForbiddenCommitsGoByOtherCalls) {
  for (const int call : {SYS_io_uring_setup, SYS_io_uring_enter}) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      PosixFileSystem files(CommitPath::kRing);
      const std::string name = std::to_string(call);
      const bool good = files.open(folder_) == 0 && forbid(call) && write(files, name) == 0 &&
                        files.commit_path() == CommitPath::kSystemCalls &&
                        is_there(name, kBlockBytes) && write(files, name + "-too") == 0;
      std::_Exit(good ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << "system call " << call;
  }
}

}  // namespace
}  // namespace esc::dlq
