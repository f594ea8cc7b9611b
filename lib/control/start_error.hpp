// What keeps the control socket from opening.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace esc::control {

/// The socket cannot be opened. what() says what failed and where, fix() what to do about it.
/// Start-up only.
class StartError : public std::runtime_error {
 public:
  StartError(const std::string& message, std::string fix)
      : std::runtime_error(message), fix_(std::move(fix)) {}
  [[nodiscard]] const std::string& fix() const noexcept { return fix_; }

 private:
  std::string fix_;
};

}  // namespace esc::control
