// SPDX-License-Identifier: BSD-3-Clause
#include "control/bound_socket.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>

#include <fstream>
#include <memory>

#include "base/start_error.hpp"
#include "scratch.hpp"

namespace esc::control {
namespace {

using testing::Scratch;

constexpr uid_t kNobody = 65534;

// A check beforehand gives the same error.
std::string error_of(const std::string& path) {
  const auto foretold = socket_trouble(path);
  try {
    const BoundSocket socket(path);
  } catch (const StartError& error) {
    EXPECT_FALSE(error.fix().empty());
    EXPECT_TRUE(foretold && foretold->what() == std::string(error.what())) << error.what();
    return error.what();
  }
  EXPECT_FALSE(foretold) << foretold->what();
  return "";
}

TEST(SocketTrouble, LooksAndMakesNothing) {
  const Scratch scratch;
  EXPECT_FALSE(socket_trouble(scratch.socket()));
  EXPECT_FALSE(socket_trouble(scratch.path() + "/escd/demo/control.sock"));
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
  EXPECT_EQ(std::string(socket_trouble(scratch.path() + "/a/b/c/control.sock").value().what()),
            "control socket: cannot create " + scratch.path() + "/a/b: No such file or directory");
}

TEST(SocketTrouble, OfADeadInstanceIsNone) {
  const Scratch scratch;
  std::filesystem::create_directory(scratch.folder());
  ASSERT_EQ(::chmod(scratch.folder().c_str(), 0700), 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, scratch.socket().data(), scratch.socket().size());
  {
    const FileDescriptor dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  EXPECT_FALSE(socket_trouble(scratch.socket()));
  EXPECT_TRUE(std::filesystem::exists(scratch.socket())) << "it is for the start to remove";
}

TEST(BoundSocket, IsForItsOwnerAlone) {
  const Scratch scratch;
  const mode_t before = ::umask(0);
  const BoundSocket socket(scratch.socket());
  ::umask(before);
  EXPECT_EQ(testing::mode_of(scratch.folder()), 0700U);
  EXPECT_EQ(testing::mode_of(scratch.socket()), 0600U);
  EXPECT_TRUE(testing::connect_to(scratch.socket()).valid());
}

TEST(BoundSocket, MakesTheFolderAboveToo) {
  const Scratch scratch;
  const BoundSocket socket(scratch.path() + "/escd/demo/control.sock");
  EXPECT_EQ(testing::mode_of(scratch.path() + "/escd/demo"), 0700U);
}

TEST(BoundSocket, GoesWhenItsOwnerGoes) {
  const Scratch scratch;
  { const BoundSocket socket(scratch.socket()); }
  EXPECT_FALSE(std::filesystem::exists(scratch.socket()));
}

TEST(BoundSocket, LeavesAnothersSocketAlone) {
  const Scratch scratch;
  auto first = std::make_unique<BoundSocket>(scratch.socket());
  std::filesystem::rename(scratch.socket(), scratch.socket() + ".old");
  const BoundSocket second(scratch.socket());
  first.reset();
  EXPECT_TRUE(testing::connect_to(scratch.socket()).valid());
}

TEST(BoundSocket, RefusesALiveInstance) {
  const Scratch scratch;
  const BoundSocket first(scratch.socket());
  EXPECT_EQ(error_of(scratch.socket()),
            "control socket " + scratch.socket() + ": instance already running");
  EXPECT_TRUE(testing::connect_to(scratch.socket()).valid());
}

TEST(BoundSocket, RefusesALiveInstanceWithAFullBacklog) {
  const Scratch scratch;
  const BoundSocket first(scratch.socket());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, scratch.socket().data(), scratch.socket().size());
  std::vector<FileDescriptor> waiting;
  int failed = 0;
  while (failed == 0) {
    waiting.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    ASSERT_LT(waiting.size(), 1000U);
    failed =
        ::connect(waiting.back().get(), reinterpret_cast<sockaddr*>(&address), sizeof(address));
  }
  ASSERT_EQ(errno, EAGAIN);
  EXPECT_EQ(error_of(scratch.socket()),
            "control socket " + scratch.socket() + ": instance already running");
}

TEST(BoundSocket, ReplacesADeadInstancesSocket) {
  const Scratch scratch;
  const pid_t child = ::fork();
  if (child == 0) {
    auto* left_behind = new BoundSocket(scratch.socket());
    (void)left_behind;
    ::_exit(0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(std::filesystem::exists(scratch.socket()));
  ASSERT_FALSE(testing::connect_to(scratch.socket()).valid());
  const BoundSocket socket(scratch.socket());
  EXPECT_TRUE(testing::connect_to(scratch.socket()).valid());
}

TEST(BoundSocket, RefusesWhileAnotherStarts) {
  const Scratch scratch;
  std::filesystem::create_directory(scratch.folder());
  ASSERT_EQ(::chmod(scratch.folder().c_str(), 0700), 0);
  const FileDescriptor folder(::open(scratch.folder().c_str(), O_RDONLY | O_DIRECTORY));
  ASSERT_EQ(::flock(folder.get(), LOCK_EX), 0);
  EXPECT_EQ(error_of(scratch.socket()),
            "control socket " + scratch.socket() + ": another instance of this name is starting");
}

TEST(BoundSocket, RefusesWhatIsNoSocket) {
  const Scratch scratch;
  { const BoundSocket socket(scratch.socket()); }
  std::ofstream(scratch.socket()) << "precious";
  EXPECT_EQ(error_of(scratch.socket()),
            "control socket: " + scratch.socket() + " exists and is not a socket");
  EXPECT_EQ(std::filesystem::file_size(scratch.socket()), 8U);
}

TEST(BoundSocket, RefusesAFolderThatIsOpenToOthers) {
  const Scratch scratch;
  std::filesystem::create_directory(scratch.folder());
  for (const mode_t mode : {0710U, 0701U, 0720U, 0704U, 0777U}) {
    ASSERT_EQ(::chmod(scratch.folder().c_str(), mode), 0);
    EXPECT_EQ(error_of(scratch.socket()),
              "control socket: " + scratch.folder() + " is open to group or others")
        << mode;
  }
  EXPECT_FALSE(std::filesystem::exists(scratch.socket()));
}

TEST(BoundSocket, RefusesALinkInPlaceOfTheFolder) {
  const Scratch scratch;
  std::filesystem::create_directory(scratch.folder("elsewhere"));
  ASSERT_EQ(::chmod(scratch.folder("elsewhere").c_str(), 0700), 0);
  std::filesystem::create_directory_symlink(scratch.folder("elsewhere"), scratch.folder());
  EXPECT_EQ(error_of(scratch.socket()).find("control socket: cannot open " + scratch.folder()), 0U);
}

TEST(BoundSocket, RefusesAFolderAboveThatOthersMayWrite) {
  const Scratch scratch;
  ASSERT_EQ(::chmod(scratch.path().c_str(), 0770), 0);
  EXPECT_EQ(error_of(scratch.socket())
                .find("control socket: " + scratch.path() + " is under another user's control"),
            0U);
  ASSERT_EQ(::chmod(scratch.path().c_str(), 01777), 0);
  EXPECT_EQ(error_of(scratch.socket()), "");
}

TEST(BoundSocket, RefusesAnotherUsersFolder) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to make a folder of another user's";
  const Scratch scratch;
  std::filesystem::create_directory(scratch.folder());
  ASSERT_EQ(::chmod(scratch.folder().c_str(), 0700), 0);
  ASSERT_EQ(::chown(scratch.folder().c_str(), kNobody, kNobody), 0);
  EXPECT_EQ(error_of(scratch.socket()),
            "control socket: " + scratch.folder() + " belongs to user 65534, not to us (user 0)");
  ASSERT_EQ(::chown(scratch.path().c_str(), kNobody, kNobody), 0);
  EXPECT_EQ(error_of(scratch.socket()).find("control socket: " + scratch.path() + " is under"), 0U);
}

TEST(BoundSocket, RefusesAPathThatIsTooLong) {
  const Scratch scratch;
  const std::string path = scratch.socket(std::string(100, 'x'));
  EXPECT_EQ(error_of(path), "control socket " + path + ": the path has " +
                                std::to_string(path.size()) +
                                " bytes, a socket's path may have 107");
  EXPECT_FALSE(std::filesystem::exists(scratch.folder(std::string(100, 'x'))));
}

TEST(BoundSocket, NamesTheFolderThatCannotBeMade) {
  const Scratch scratch;
  EXPECT_EQ(error_of(scratch.path() + "/a/b/c/control.sock"),
            "control socket: cannot create " + scratch.path() + "/a/b: No such file or directory");
}

}  // namespace
}  // namespace esc::control
