// SPDX-License-Identifier: BSD-3-Clause
// Frames as one TCP stream, in large writes.
#pragma once

#include <string>

#include "esc-replay/net_address.hpp"
#include "esc-replay/sink.hpp"

namespace esc::replay {

class TcpSink final : public Sink {
 public:
  explicit TcpSink(const std::string& host_port);

  [[nodiscard]] std::size_t batch() const noexcept override { return kBatch; }
  [[nodiscard]] Outcome offer(const Trace& trace, std::size_t begin, std::size_t end) override;
  void wait() override;
  /// Completes a unit that is half written, so that the stream ends with a whole frame, and closes
  /// our side; waits for the peer to close its own, so that nothing is cut off, but no longer than
  /// a few seconds.
  [[nodiscard]] std::size_t finish(const Trace& trace) override;

 private:
  static constexpr std::size_t kBatch = 4096;
  static constexpr std::size_t kWriteBytes = 256 * 1024;

  void discard_input();

  NetAddress peer_;
  Socket socket_;
  std::size_t current_ = 0;        ///< the unit that is half written, if
  std::size_t written_bytes_ = 0;  ///< is not 0
  bool peer_closed_ = false;
};

}  // namespace esc::replay
