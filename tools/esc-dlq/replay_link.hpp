// SPDX-License-Identifier: BSD-3-Clause
// How letters get to the appliance: kernel UDP or TCP.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace esc::dlq_tool {

/// Thread: one.
class ReplayLink {
 public:
  ReplayLink() = default;
  virtual ~ReplayLink() = default;
  ReplayLink(const ReplayLink&) = delete;
  ReplayLink& operator=(const ReplayLink&) = delete;

  /// False: it is too long for this way. Throws ReplayError.
  [[nodiscard]] virtual bool send(std::span<const std::uint8_t> datagram) = 0;
  /// Waits until what was sent has left this machine, as far as that can be found out. With UDP it
  /// cannot; if `long_enough`, it waits long enough for a host to report that nobody listens.
  /// Throws ReplayError.
  virtual void settle(bool long_enough) = 0;
  /// Datagrams for which a host reported that nobody listens.
  [[nodiscard]] virtual std::uint64_t refused() const noexcept { return 0; }
};

/// `target`: "HOST:PORT", an IPv6 address in brackets. Throw ReplayError: not to be found, or
/// nobody listens.
[[nodiscard]] std::unique_ptr<ReplayLink> udp_link(const std::string& target);
[[nodiscard]] std::unique_ptr<ReplayLink> tcp_link(const std::string& target);

}  // namespace esc::dlq_tool
