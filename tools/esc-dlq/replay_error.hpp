// SPDX-License-Identifier: BSD-3-Clause
// Why letters could not be sent again.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace esc::dlq_tool {

/// what() and fix() may hold bytes from outside; whoever prints them escapes them.
class ReplayError : public std::runtime_error {
 public:
  ReplayError(const std::string& message, std::string fix)
      : std::runtime_error(message), fix_(std::move(fix)) {}
  [[nodiscard]] const std::string& fix() const noexcept { return fix_; }

 private:
  std::string fix_;
};

}  // namespace esc::dlq_tool
