// SPDX-License-Identifier: BSD-3-Clause
#include "identity/window_stream.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "base/errno_text.hpp"
#include "identity/window_file.hpp"
#include "identity/window_record.hpp"

namespace esc::identity {
namespace {

constexpr std::size_t kChunkBytes = 1U << 20U;

std::string why() {
  return errno_text(errno);
}  // NOLINT: control side, one thread

}  // namespace

Checksum::Checksum() : state_(XXH3_createState()) {
  if (state_ == nullptr) throw std::bad_alloc();
  XXH3_64bits_reset(state_.get());
}

void Checksum::add(std::span<const std::uint8_t> bytes) noexcept {
  XXH3_64bits_update(state_.get(), bytes.data(), bytes.size());
}

std::uint64_t Checksum::value() const noexcept {
  return XXH3_64bits_digest(state_.get());
}

FileWriter::FileWriter(const std::string& path) : place_(path), file_(place_) {
  buffer_.reserve(kChunkBytes + max_record_bytes(kMaxSavedWindow / 64));
}

void FileWriter::flush_if_large() {
  if (buffer_.size() >= kChunkBytes) flush();
}

void FileWriter::flush() {
  sum_.add(buffer_);
  file_.write(buffer_);
  bytes_ += buffer_.size();
  buffer_.clear();
}

std::uint64_t FileWriter::finish() {
  flush();
  put_u64(sum_.value(), buffer_);
  flush();
  file_.commit();
  return bytes_;
}

FileReader::FileReader(const std::string& path)
    : path_(path), file_(files::open_to_read(path, files::Links::kRefuse)) {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) refuse("cannot be looked at: " + why());
  const auto bytes = static_cast<std::uint64_t>(status.st_size);
  if (bytes < kChecksumBytes) refuse("is too short for a file of windows");
  size_ = bytes - kChecksumBytes;
  buffer_.resize(
      std::min<std::uint64_t>(bytes, kChunkBytes + max_record_bytes(kMaxSavedWindow / 64)));
  rewind();
}

void FileReader::rewind() {
  if (::lseek(file_.get(), 0, SEEK_SET) != 0) refuse("cannot be read from its start: " + why());
  left_ = size_;
  at_ = end_ = 0;
  sum_ = Checksum();
}

std::span<const std::uint8_t> FileReader::take(std::size_t count) {
  if (count > left_) refuse("ends too early, at byte " + std::to_string(size_ + kChecksumBytes));
  fill(count);
  const std::span<const std::uint8_t> taken(buffer_.data() + at_, count);
  sum_.add(taken);
  at_ += count;
  left_ -= count;
  return taken;
}

void FileReader::expect_end() {
  if (left_ != 0) refuse("has " + std::to_string(left_) + " bytes more than its windows take");
  fill(kChecksumBytes);
  if (get_u64(buffer_.data() + at_) != sum_.value()) {
    refuse("is torn or was altered: its checksum is not that of its bytes");
  }
}

// At least `count` bytes from at_ on.
void FileReader::fill(std::size_t count) {
  if (end_ - at_ >= count) return;
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(at_),
            buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
  end_ -= at_;
  at_ = 0;
  while (end_ < count) {
    const ssize_t got = ::read(file_.get(), buffer_.data() + end_, buffer_.size() - end_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse("cannot be read: " + why());
    if (got == 0) refuse("became shorter while it was read");
    end_ += static_cast<std::size_t>(got);
  }
}

void FileReader::refuse(const std::string& what) const {
  throw WindowFileError(path_ + " " + what,
                        "move it away to start without windows: events that were seen before the "
                        "restart are then delivered again if they are sent again");
}

}  // namespace esc::identity
