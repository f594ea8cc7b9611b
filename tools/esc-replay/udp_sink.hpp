// SPDX-License-Identifier: BSD-3-Clause
// Datagrams through the kernel, many to a system call.
#pragma once

#include <array>
#include <string>

#include "esc-replay/net_address.hpp"
#include "esc-replay/sink.hpp"

namespace esc::replay {

class UdpSink final : public Sink {
 public:
  explicit UdpSink(const std::string& host_port);

  [[nodiscard]] std::size_t batch() const noexcept override { return kBatch; }
  [[nodiscard]] Outcome offer(const Trace& trace, std::size_t begin, std::size_t end) override;
  void wait() override;
  [[nodiscard]] std::size_t finish(const Trace& trace) override;

 private:
  static constexpr std::size_t kBatch = 64;

  [[nodiscard]] Outcome judge(int error);

  NetAddress peer_;
  Socket socket_;
  std::array<iovec, kBatch> vectors_{};
  std::array<mmsghdr, kBatch> messages_{};
};

}  // namespace esc::replay
