// SPDX-License-Identifier: BSD-3-Clause
// One peer of the control socket: its half-read line and its half-written replies.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_descriptor.hpp"

namespace esc::control {

/// Buffers lines over a non-blocking stream socket. Never waits; memory is bounded by
/// max_line_bytes and one read, and by what the owner lets unsent() become.
class LineConnection {
 public:
  LineConnection(FileDescriptor socket, std::size_t max_line_bytes)
      : socket_(std::move(socket)), max_line_bytes_(max_line_bytes) {}

  enum class Io { kOk, kBroken };

  /// One read. The end of the stream is no error: see ended().
  [[nodiscard]] Io receive();
  /// The next whole line without its newline; valid until receive() is called.
  [[nodiscard]] std::optional<std::string_view> next_line();
  [[nodiscard]] bool has_line() const;
  /// More has come than a line may have, without a newline.
  [[nodiscard]] bool overlong() const;

  void queue(std::string_view bytes);
  /// Writes what the socket takes now.
  [[nodiscard]] Io flush();

  [[nodiscard]] int fd() const noexcept { return socket_.get(); }
  [[nodiscard]] std::size_t unsent() const noexcept { return output_.size() - sent_; }
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  /// Reads no more, and is done once everything is written.
  void finish() noexcept {
    ended_ = true;
    input_.clear();
    taken_ = 0;
  }
  [[nodiscard]] bool done() const { return ended_ && unsent() == 0 && !has_line(); }

 private:
  FileDescriptor socket_;
  std::size_t max_line_bytes_;
  std::string input_;
  std::size_t taken_ = 0;  ///< bytes of input_ that were handed out
  std::string output_;
  std::size_t sent_ = 0;  ///< bytes of output_ that the socket took
  bool ended_ = false;
};

}  // namespace esc::control
