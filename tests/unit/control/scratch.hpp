// SPDX-License-Identifier: BSD-3-Clause
// A folder of its own for each test, and a plain client for the control socket.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/file_descriptor.hpp"

namespace esc::control::testing {

/// A folder that is made empty by the constructor and removed with its contents by the destructor.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "esc-control-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string folder(const std::string& name = "demo") const {
    return path_ + "/" + name;
  }
  [[nodiscard]] std::string socket(const std::string& name = "demo") const {
    return folder(name) + "/control.sock";
  }

 private:
  std::string path_;
};

inline mode_t mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

/// Returns a connected, blocking socket; an empty descriptor if the connection fails.
inline FileDescriptor connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) fd.reset();
  return fd;
}

inline void send_all(const FileDescriptor& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ASSERT_GT(put, 0);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

/// Returns what has arrived by now, without waiting; sets `closed` to whether the other side has
/// closed the connection.
inline std::string receive_now(const FileDescriptor& fd, bool* closed = nullptr) {
  std::string text;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = ::recv(fd.get(), buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  if (closed != nullptr) *closed = got == 0 || (got < 0 && errno == ECONNRESET);
  return text;
}

}  // namespace esc::control::testing
