// What can go wrong while DPDK is brought up. Start-up only; nothing here is thrown once traffic
// flows.
#pragma once

#include <stdexcept>
#include <string>

namespace esc::dpdk {

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

}  // namespace esc::dpdk
