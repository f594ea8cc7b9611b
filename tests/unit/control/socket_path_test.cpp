// SPDX-License-Identifier: BSD-3-Clause
#include "control/socket_path.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "scratch.hpp"

namespace esc::control {
namespace {

// Restores the variable afterwards.
class RuntimeDirectory {
 public:
  explicit RuntimeDirectory(const char* value) {
    if (const char* old = std::getenv("XDG_RUNTIME_DIR")) before_ = old;
    value != nullptr ? ::setenv("XDG_RUNTIME_DIR", value, 1) : ::unsetenv("XDG_RUNTIME_DIR");
  }
  ~RuntimeDirectory() {
    before_ ? ::setenv("XDG_RUNTIME_DIR", before_->c_str(), 1) : ::unsetenv("XDG_RUNTIME_DIR");
  }
  RuntimeDirectory(const RuntimeDirectory&) = delete;
  RuntimeDirectory& operator=(const RuntimeDirectory&) = delete;

 private:
  std::optional<std::string> before_;
};

const std::string kTemporary = "/tmp/escd-" + std::to_string(::geteuid());

TEST(SocketPath, CandidatesInOrder) {
  const RuntimeDirectory xdg("/run/user/7");
  EXPECT_EQ(
      candidate_socket_paths("demo"),
      (std::vector<std::string>{"/run/escd/demo/control.sock", "/run/user/7/escd/demo/control.sock",
                                kTemporary + "/demo/control.sock"}));
}

TEST(SocketPath, ARelativeRuntimeDirectoryDoesNotCount) {
  for (const char* value : {"", "tmp/x", static_cast<const char*>(nullptr)}) {
    const RuntimeDirectory xdg(value);
    EXPECT_EQ(instance_roots(), (std::vector<std::string>{"/run/escd", kTemporary}));
  }
}

TEST(SocketPath, RootUsesRun) {
  if (::geteuid() != 0 || ::access("/run", W_OK) != 0) GTEST_SKIP() << "needs root and /run";
  EXPECT_EQ(default_socket_path("no-such-instance"), "/run/escd/no-such-instance/control.sock");
}

// Runs `check` in a child that is an ordinary user; true if it held there.
template <class Check>
bool holds_for_nobody(Check check) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool dropped = ::setgid(65534) == 0 && ::setuid(65534) == 0;
    ::_exit(dropped && check() ? 0 : 1);
  }
  int status = -1;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

TEST(SocketPath, OthersUseTheirRuntimeDirectoryOrTmp) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  const testing::Scratch scratch;
  ASSERT_EQ(::chmod(scratch.path().c_str(), 0755), 0);
  const RuntimeDirectory xdg(scratch.path().c_str());
  const auto default_is = [](const std::string& expected) {
    return holds_for_nobody([&] { return default_socket_path("demo-x") == expected; });
  };
  EXPECT_TRUE(default_is("/tmp/escd-65534/demo-x/control.sock"));  // the directory is root's
  ASSERT_EQ(::chown(scratch.path().c_str(), 65534, 65534), 0);
  EXPECT_TRUE(default_is(scratch.path() + "/escd/demo-x/control.sock"));
}

TEST(SocketPath, InstanceNames) {
  for (const char* name : {"demo", "a", "A-b_c.9", "0"})
    EXPECT_TRUE(is_instance_name(name)) << name;
  for (const char* name : {"", ".", "..", ".x", "-x", "a/b", "a b", "a\n", "\xc3\xa9"}) {
    EXPECT_FALSE(is_instance_name(name)) << name;
  }
  EXPECT_TRUE(is_instance_name(std::string(64, 'x')));
  EXPECT_FALSE(is_instance_name(std::string(65, 'x')));
}

}  // namespace
}  // namespace esc::control
