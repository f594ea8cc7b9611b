// SPDX-License-Identifier: BSD-3-Clause
// What a program prints. Nothing else writes to standard output (tests/tidy/checks/output.py), so
// that a result that did not get there is never taken for one that did.
#pragma once

#include <array>
#include <chrono>
#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

namespace esc::cli {

/// Standard output, buffered. It remembers the first write that failed and takes nothing more from
/// then on; finish() makes of it what the program ends with. One at a time; thread: one.
class StandardOutput {
 public:
  /// Writing into a pipe that nobody reads is an error from now on, and no signal. A standard
  /// descriptor that was closed is occupied, so that no file or socket of ours takes its number.
  explicit StandardOutput(std::string program);
  StandardOutput(const StandardOutput&) = delete;
  StandardOutput& operator=(const StandardOutput&) = delete;

  [[nodiscard]] std::ostream& stream() noexcept { return stream_; }
  void write(std::string_view text) { stream_ << text; }
  /// False: what is printed gets nowhere, so there is no use in making more of it.
  [[nodiscard]] bool flush();
  [[nodiscard]] bool usable() const noexcept { return buffer_.error() == 0; }
  [[nodiscard]] static bool is_terminal() noexcept;

  enum class Waited { kTime, kReadable, kReaderLeft };
  /// Waits until the time is over, `fd` can be read, or nobody reads standard output any more.
  [[nodiscard]] static Waited wait(int fd, std::chrono::nanoseconds time);

  /// Writes what is buffered. The status to exit with: `code`; but where that is 0 and something
  /// could not be written, `not_written`. That is said on standard error, unless the reader left,
  /// as `head` does when it has enough: then everything is as if it had read on.
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

/// Writes a text to standard output if it takes it at once, as a pipe or a terminal with room does;
/// else the text is lost. For what a person looks at while the program does something else.
void print_if_taken(std::string_view text) noexcept;

}  // namespace esc::cli
