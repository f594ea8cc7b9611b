// SPDX-License-Identifier: BSD-3-Clause
// What only one thread may do, said where it is done.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace esc {

/// Belongs to the thread that made it. Any thread may ask.
class OneThread {
 public:
  [[nodiscard]] bool is_this() const noexcept { return std::this_thread::get_id() == owner_; }

  /// Throws std::logic_error on any other thread: what it was about to read or change has no lock.
  void require(std::string_view what) const {
    if (is_this()) return;
    throw std::logic_error(std::string(what) + ": for the thread that made it alone");
  }

 private:
  std::thread::id owner_ = std::this_thread::get_id();
};

}  // namespace esc
