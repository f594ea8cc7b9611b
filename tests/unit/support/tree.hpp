// SPDX-License-Identifier: BSD-3-Clause
// A system tree that a test builds: what /sys, /proc and /dev hold on a machine of its own.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "topology/sys_root.hpp"

namespace esc::test {

/// A directory of its own, gone with the object.
class Tree {
 public:
  Tree() {
    std::string name = testing::TempDir() + "/esc-tree-XXXXXX";
    if (mkdtemp(name.data()) != nullptr) root_ = name;
  }
  ~Tree() { std::filesystem::remove_all(root_); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return root_; }
  [[nodiscard]] topology::SysRoot sys_root() const { return {root_}; }

  std::filesystem::path write(const std::string& name, std::string_view bytes) const {
    const auto file = root_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
    return file;
  }
  void link(const std::string& name, const std::string& target) const {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::filesystem::create_symlink(target, root_ / name);
  }

 private:
  std::filesystem::path root_;
};

}  // namespace esc::test
