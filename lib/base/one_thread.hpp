// SPDX-License-Identifier: BSD-3-Clause
// Checks that only the thread that made an object uses it.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace esc {

/// Remembers the thread that made it. Any thread may call the functions.
class OneThread {
 public:
  [[nodiscard]] bool is_this() const noexcept { return std::this_thread::get_id() == owner_; }

  /// Throws std::logic_error on any other thread. `what` names the call that has no lock to protect
  /// it.
  void require(std::string_view what) const {
    if (is_this()) return;
    throw std::logic_error(std::string(what) + ": for the thread that made it alone");
  }

 private:
  std::thread::id owner_ = std::this_thread::get_id();
};

}  // namespace esc
