// SPDX-License-Identifier: BSD-3-Clause
// The standard output of a program. Nothing else writes to it (tests/tidy/checks/output.py), so
// that a program never ends with success although its result was not written.
#pragma once

#include <array>
#include <chrono>
#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

namespace esc::cli {

/// Standard output, buffered. It remembers the first write that failed and drops everything after
/// it; finish() then gives the status with which the program ends. One object at a time; thread:
/// one.
class StandardOutput {
 public:
  /// From now on, writing into a pipe that nobody reads is an error instead of a signal. Standard
  /// descriptors that were closed are occupied, so that no file or socket of ours gets their
  /// numbers.
  explicit StandardOutput(std::string program);
  StandardOutput(const StandardOutput&) = delete;
  StandardOutput& operator=(const StandardOutput&) = delete;

  [[nodiscard]] std::ostream& stream() noexcept { return stream_; }
  void write(std::string_view text) { stream_ << text; }
  /// False: a write has failed, so there is no use in producing more.
  [[nodiscard]] bool flush();
  [[nodiscard]] bool usable() const noexcept { return buffer_.error() == 0; }
  [[nodiscard]] static bool is_terminal() noexcept;

  enum class Waited { kTime, kReadable, kReaderLeft };
  /// Waits until the time is over, `fd` can be read, or nobody reads standard output any more.
  [[nodiscard]] static Waited wait(int fd, std::chrono::nanoseconds time);

  /// Writes what is buffered and returns the status to exit with: `code`, or, if that is 0 and
  /// something could not be written, `not_written`; then a message goes to standard error. But if
  /// the reader has left, as `head` does when it has enough, the result is as if it had read on.
  [[nodiscard]] int finish(int code, int not_written);

 private:
  class Buffer : public std::streambuf {
   public:
    Buffer() { setp(room_.data(), room_.data() + room_.size()); }
    [[nodiscard]] int error() const noexcept { return error_; }
    void fail(int error) noexcept { error_ = error; }

   protected:
    int_type overflow(int_type character) override;
    int sync() override;

   private:
    std::array<char, 64 * 1024> room_;
    int error_ = 0;  ///< errno of the first write that failed
  };

  std::string program_;
  Buffer buffer_;
  std::ostream stream_{&buffer_};
};

/// Writes a text to standard output if that takes it at once, as a pipe or a terminal with room
/// does; else the text is lost. For progress that a person watches while the program works.
void print_if_taken(std::string_view text) noexcept;

}  // namespace esc::cli
