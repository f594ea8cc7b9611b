#include "identity/window_stream.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <new>
#include <utility>

#include "identity/window_file.hpp"
#include "identity/window_record.hpp"

namespace esc::identity {
namespace {

constexpr std::size_t kChunkBytes = 1U << 20U;

std::string why() {
  return std::strerror(errno);
}  // NOLINT: control side, one thread

// A file that was left by a process that died in between.
int create(const std::string& path) {
  ::unlink(path.c_str());
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

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

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

FileWriter::FileWriter(std::string path)
    : path_(std::move(path)), temporary_(path_ + ".new"), file_(create(temporary_)) {
  if (file_.get() < 0) fail("cannot be made");
  buffer_.reserve(kChunkBytes + max_record_bytes(kMaxSavedWindow / 64));
}

FileWriter::~FileWriter() {
  if (!done_ && file_.get() >= 0) ::unlink(temporary_.c_str());
}

void FileWriter::flush_if_large() {
  if (buffer_.size() >= kChunkBytes) flush();
}

void FileWriter::flush() {
  sum_.add(buffer_);
  for (std::size_t written = 0; written < buffer_.size();) {
    const ssize_t count = ::write(file_.get(), buffer_.data() + written, buffer_.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail("cannot be written at byte " + std::to_string(bytes_ + written));
    written += static_cast<std::size_t>(count);
  }
  bytes_ += buffer_.size();
  buffer_.clear();
}

std::uint64_t FileWriter::finish() {
  flush();
  put_u64(sum_.value(), buffer_);
  flush();
  if (::fdatasync(file_.get()) != 0) fail("cannot be brought to the disk");
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    fail("cannot be renamed to " + path_);
  }
  done_ = true;
  sync_folder_of(path_);
  return bytes_;
}

void FileWriter::fail(const std::string& what) const {
  const bool full = errno == ENOSPC || errno == EDQUOT;
  throw WindowFileError(
      temporary_ + " " + what + ": " + why(),
      full ? "make room on that file system; until then a restart forgets what was seen"
           : "see that the folder exists and that this user may write there");
}

FileReader::FileReader(std::string path)
    : path_(std::move(path)),
      // Not blocking, should it be a pipe.
      file_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) {
  struct stat status {};
  if (file_.get() < 0 || ::fstat(file_.get(), &status) != 0) {
    throw WindowFileError(path_ + " cannot be opened: " + why(),
                          "see that it exists and that this user may read it");
  }
  if (!S_ISREG(status.st_mode)) refuse("is not a regular file");
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

void sync_folder_of(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  const File opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0 || ::fsync(opened.get()) != 0) {
    throw WindowFileError(folder + " cannot be brought to the disk: " + why(),
                          "see that this user may read the folder");
  }
}

}  // namespace esc::identity
