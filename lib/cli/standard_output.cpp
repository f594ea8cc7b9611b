// SPDX-License-Identifier: BSD-3-Clause
#include "cli/standard_output.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <iostream>
#include <utility>

#include "base/errno_text.hpp"
#include "base/write_all.hpp"

namespace esc::cli {
namespace {

/// Some file systems report only when a descriptor is closed that they could not store what was
/// written.
int close_a_copy() noexcept {
  const int copy = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
  return copy >= 0 && ::close(copy) != 0 && errno != EINTR ? errno : 0;
}

/// Fills each with a descriptor that can be neither read nor written, so that using it fails. It is
/// that of a folder, so that opening /dev/stdout again for writing fails too.
void occupy_closed_descriptors() noexcept {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    if (::open("/", O_PATH | O_DIRECTORY) < 0) return;
  }
}

}  // namespace

StandardOutput::StandardOutput(std::string program) : program_(std::move(program)) {
  occupy_closed_descriptors();
  (void)std::signal(SIGPIPE, SIG_IGN);
}

StandardOutput::Buffer::int_type StandardOutput::Buffer::overflow(int_type character) {
  if (sync() != 0) return traits_type::eof();
  if (!traits_type::eq_int_type(character, traits_type::eof()))
    sputc(traits_type::to_char_type(character));
  return traits_type::not_eof(character);
}

int StandardOutput::Buffer::sync() {
  if (error_ == 0)
    error_ =
        write_all(STDOUT_FILENO, {pbase(), static_cast<std::size_t>(pptr() - pbase())}, kForeverMs);
  setp(room_.data(), room_.data() + room_.size());
  return error_ == 0 ? 0 : -1;
}

bool StandardOutput::flush() {
  stream_.flush();
  return usable();
}

bool StandardOutput::is_terminal() noexcept {
  return ::isatty(STDOUT_FILENO) == 1;
}

StandardOutput::Waited StandardOutput::wait(int fd, std::chrono::nanoseconds time) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point until = Clock::now() + time;
  for (;;) {
    const auto left = std::chrono::nanoseconds(until - Clock::now()).count();
    if (left <= 0) return Waited::kTime;
    // No event of standard output is asked for: poll() always reports that its reader is gone.
    pollfd both[] = {{fd, POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
    const timespec wait{.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
    if (::ppoll(both, 2, &wait, nullptr) <= 0) continue;
    if (both[0].revents != 0) return Waited::kReadable;
    if (both[1].revents != 0) return Waited::kReaderLeft;
  }
}

int StandardOutput::finish(int code, int not_written) {
  if (flush()) {
    if (const int error = close_a_copy(); error != 0) buffer_.fail(error);
  }
  if (usable() || buffer_.error() == EPIPE) return code;
  std::cerr << program_ << ": standard output could not be written: " << errno_text(buffer_.error())
            << "\n  fix: look at where it goes to, and at the space there\n";
  return code != 0 ? code : not_written;
}

void print_if_taken(std::string_view text) noexcept {
  // A pipe that poll() calls writable has room for PIPE_BUF bytes: a text that fits does not block.
  static_assert(PIPE_BUF >= 4096);
  pollfd out{STDOUT_FILENO, POLLOUT, 0};
  if (::poll(&out, 1, 0) != 1 || (out.revents & POLLOUT) == 0) return;
  if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) return;
}

}  // namespace esc::cli
