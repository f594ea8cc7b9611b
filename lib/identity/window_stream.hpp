// SPDX-License-Identifier: BSD-3-Clause
// Reads and writes the bytes of a window file through a buffer, with a checksum over all of them.
#pragma once

#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/file_descriptor.hpp"
#include "files/replacement.hpp"

namespace esc::identity {

inline constexpr std::size_t kChecksumBytes = 8;

/// XXH3 (Y. Collet), 64 bits, over all that is added.
class Checksum {
 public:
  Checksum();
  void add(std::span<const std::uint8_t> bytes) noexcept;
  [[nodiscard]] std::uint64_t value() const noexcept;

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const noexcept { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> state_;
};

/// Writes a file that takes the place of `path` once it is whole, and is removed otherwise. All
/// functions throw WindowFileError.
class FileWriter {
 public:
  explicit FileWriter(const std::string& path);

  /// What to append to; flush_if_large() now and then keeps it small.
  [[nodiscard]] std::vector<std::uint8_t>& buffer() noexcept { return buffer_; }
  void flush_if_large();
  /// Appends the checksum, brings all to the disk and puts the file in place. Returns its bytes.
  std::uint64_t finish();

 private:
  void flush();

  files::Place place_;
  files::Replacement file_;
  std::vector<std::uint8_t> buffer_;
  Checksum sum_;
  std::uint64_t bytes_ = 0;
};

/// Reads a regular file, from its start, any number of times. All functions throw WindowFileError.
class FileReader {
 public:
  explicit FileReader(const std::string& path);

  void rewind();
  /// The next `count` bytes, valid until the next call. Throws if the file has not so many before
  /// its checksum.
  [[nodiscard]] std::span<const std::uint8_t> take(std::size_t count);
  /// Throws unless the checksum follows and is right.
  void expect_end();
  [[nodiscard]] std::uint64_t left() const noexcept { return left_; }
  [[nodiscard]] std::uint64_t offset() const noexcept { return size_ - left_; }
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  void fill(std::size_t count);

  std::string path_;
  FileDescriptor file_;
  std::uint64_t size_ = 0;  ///< without the checksum
  std::uint64_t left_ = 0;  ///< of size_, what was not taken yet
  std::vector<std::uint8_t> buffer_;
  std::size_t at_ = 0;  ///< buffer_[at_, end_) was read and not taken
  std::size_t end_ = 0;
  Checksum sum_;
};

}  // namespace esc::identity
