// SPDX-License-Identifier: BSD-3-Clause
// A folder with one thing of each kind that is not a regular file.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/file_descriptor.hpp"
#include "support/temp_folder.hpp"

namespace esc::files::testing {

class OddFiles : public ::testing::Test {
 protected:
  OddFiles() {
    std::filesystem::create_directory(at("directory"));
    write("target", "untouched");
    std::filesystem::create_symlink("target", at("link"));
    std::filesystem::create_symlink("nowhere", at("dangling"));
    EXPECT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, at("socket").c_str(), sizeof address.sun_path - 1);
    const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    names_ = {"directory", "link", "dangling", "fifo", "socket"};
    // A device like /dev/null; only root may make one.
    if (::mknod(at("device").c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0) {
      names_.emplace_back("device");
    }
    for (const std::string& name : names_) before_.push_back(identity(name));
  }

  [[nodiscard]] std::string at(const std::string& name) const {
    return folder_.path() + "/" + name;
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(at(name), std::ios::binary) << text;
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file(at(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] bool there(const std::string& name) const {
    return std::filesystem::exists(std::filesystem::symlink_status(at(name)));
  }
  /// Checks that each of them, and the file that the link leads to, is still the same.
  void expect_untouched() const {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      EXPECT_EQ(identity(names_[i]), before_[i]) << names_[i];
    }
    EXPECT_EQ(read("target"), "untouched");
    EXPECT_FALSE(there("nowhere"));
  }

  test::TempFolder folder_;
  std::vector<std::string> names_;

 private:
  struct Identity {
    ino_t inode = 0;
    mode_t mode = 0;
    bool operator==(const Identity&) const = default;
  };
  [[nodiscard]] Identity identity(const std::string& name) const {
    struct stat status {};
    if (::lstat(at(name).c_str(), &status) != 0) return {};
    return {status.st_ino, status.st_mode};
  }

  std::vector<Identity> before_;
};

}  // namespace esc::files::testing
