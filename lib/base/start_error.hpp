// SPDX-License-Identifier: BSD-3-Clause
// What keeps the appliance from starting. Thrown on the control path only, before traffic flows.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace esc {

/// A resource the appliance cannot start without. what() says what failed and where; fix() says
/// what to do about it.
class StartError : public std::runtime_error {
 public:
  StartError(const std::string& message, std::string fix)
      : std::runtime_error(message), fix_(std::move(fix)) {}
  [[nodiscard]] const std::string& fix() const noexcept { return fix_; }

 private:
  std::string fix_;
};

/// Throws what was found, if anything was.
inline void refuse_on(std::optional<StartError> trouble) {
  if (trouble) throw *std::move(trouble);
}

}  // namespace esc
