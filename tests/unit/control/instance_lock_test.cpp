// SPDX-License-Identifier: BSD-3-Clause
// At most one instance of a name runs at a time.
#include "control/instance_lock.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <memory>

#include "base/start_error.hpp"
#include "control/socket_path.hpp"
#include "scratch.hpp"

namespace esc::control {
namespace {

/// Makes names that no other program on this machine uses.
std::string instance(const std::string& name) {
  return "lock-test-" + std::to_string(::getpid()) + "-" + name;
}

std::string folder_of_lock(const std::string& name) {
  const std::string socket = default_socket_path(name);
  return socket.substr(0, socket.rfind('/'));
}

std::string lock_error(const std::string& name) {
  try {
    const InstanceLock lock(name);
  } catch (const StartError& error) {
    EXPECT_FALSE(error.fix().empty());
    return error.what();
  }
  return "";
}

TEST(InstanceLock, ASecondOneIsRefusedAndToldWhoHasIt) {
  const std::string name = instance("a");
  const InstanceLock lock(name);
  EXPECT_EQ(lock_error(name), "instance \"" + name + "\": instance already running: process " +
                                  std::to_string(::getpid()));
  EXPECT_EQ(lock_error(instance("b")), "");
}

TEST(InstanceLock, WhatIsAskedIsWhatAStartIsTold) {
  const std::string name = instance("c");
  EXPECT_FALSE(instance_runs(name).has_value());
  {
    const InstanceLock lock(name);
    const auto problem = instance_runs(name);
    ASSERT_TRUE(problem.has_value());
    EXPECT_EQ(problem->where + ": " + problem->what, lock_error(name));
  }
  EXPECT_FALSE(instance_runs(name).has_value());
}

TEST(InstanceLock, NothingIsLeftBehind) {
  const std::string name = instance("d");
  {
    const InstanceLock lock(name);
    EXPECT_EQ(testing::mode_of(folder_of_lock(name)), 0700U);
    EXPECT_EQ(testing::mode_of(folder_of_lock(name) + "/instance.lock"), 0600U);
  }
  EXPECT_FALSE(std::filesystem::exists(folder_of_lock(name)));
}

// A killed process holds no lock, and the file that it left is taken over.
TEST(InstanceLock, EndsWithItsProcess) {
  const std::string name = instance("e");
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const InstanceLock lock(name);
    (void)!::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_NE(lock_error(name).find("process " + std::to_string(child)), std::string::npos);
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(std::filesystem::exists(folder_of_lock(name) + "/instance.lock"));
  EXPECT_FALSE(instance_runs(name).has_value());
  EXPECT_EQ(lock_error(name), "");
  ::close(ready[0]);
  ::close(ready[1]);
}

// Many processes take and release the lock at once: never do two have it, and each refusal is
// right.
TEST(InstanceLock, WhoeverHasItHasItAlone) {
  const std::string name = instance("f");
  const testing::Scratch scratch;
  const std::string token = scratch.path() + "/held";
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    const pid_t child = ::fork();
    if (child != 0) {
      children.push_back(child);
      continue;
    }
    int code = 0;
    for (int round = 0; round < 1'000 && code == 0; ++round) {
      try {
        const InstanceLock lock(name);
        if (::mkdir(token.c_str(), 0700) != 0) code = 1;
        if (!instance_runs(name)) code = 4;  // a lock on a file that is gone
        if (::rmdir(token.c_str()) != 0) code = 2;
      } catch (const StartError& error) {
        if (std::string(error.what()).find("already running") == std::string::npos) code = 3;
      }
    }
    ::_exit(code);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(lock_error(name), "");
}

TEST(InstanceLock, SomethingElseOfItsNameIsLeftAlone) {
  const std::string name = instance("g");
  const std::string folder = folder_of_lock(name);
  { const InstanceLock makes_the_folder_above(name); }
  ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
  ASSERT_EQ(::symlink("/dev/null", (folder + "/instance.lock").c_str()), 0);
  EXPECT_NE(lock_error(name).find("cannot open " + folder + "/instance.lock"), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_symlink(folder + "/instance.lock"));
  ASSERT_EQ(::unlink((folder + "/instance.lock").c_str()), 0);
  ASSERT_EQ(::mkfifo((folder + "/instance.lock").c_str(), 0600), 0);
  EXPECT_NE(lock_error(name).find("it is no regular file"), std::string::npos);
  EXPECT_FALSE(instance_runs(name).has_value());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace esc::control
