// SPDX-License-Identifier: BSD-3-Clause
#include "control/line_connection.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace esc::control {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;

bool would_wait(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

LineConnection::Io LineConnection::receive() {
  std::array<char, kReadBytes> buffer;
  const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0) return would_wait(errno) ? Io::kOk : Io::kBroken;
  if (got == 0) {
    ended_ = true;
    return Io::kOk;
  }
  input_.erase(0, taken_);
  taken_ = 0;
  input_.append(buffer.data(), static_cast<std::size_t>(got));
  return Io::kOk;
}

bool LineConnection::has_line() const {
  return input_.find('\n', taken_) != std::string::npos;
}

bool LineConnection::overlong() const {
  const std::size_t newline = input_.find('\n', taken_);
  const std::size_t end = newline == std::string::npos ? input_.size() : newline;
  return end - taken_ > max_line_bytes_;
}

std::optional<std::string_view> LineConnection::next_line() {
  const std::size_t newline = input_.find('\n', taken_);
  if (newline == std::string::npos) return std::nullopt;
  const std::string_view line(input_.data() + taken_, newline - taken_);
  taken_ = newline + 1;
  return line;
}

void LineConnection::queue(std::string_view bytes) {
  output_.erase(0, sent_);
  sent_ = 0;
  output_.append(bytes);
}

LineConnection::Io LineConnection::flush() {
  while (unsent() > 0) {
    const ssize_t put =
        ::send(socket_.get(), output_.data() + sent_, unsent(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put < 0) return would_wait(errno) ? Io::kOk : Io::kBroken;
    sent_ += static_cast<std::size_t>(put);
  }
  output_.clear();
  sent_ = 0;
  return Io::kOk;
}

}  // namespace esc::control
