// SPDX-License-Identifier: BSD-3-Clause
#include "files/replacement.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/errno_text.hpp"

namespace esc::files {

Replacement::Replacement(const Place& place, mode_t mode) : place_(place) {
  if (const auto trouble = place.trouble()) throw FileError(trouble->what, trouble->fix);
  make(mode);
}

Replacement::~Replacement() {
  if (!committed_ && file_.valid() && is_still_there()) {
    (void)remove_regular_at(place_.folder(), new_name_);
  }
}

void Replacement::make(mode_t mode) {
  // Names with this process's number may be left over from processes that were killed.
  constexpr int kTries = 100;
  static std::atomic<unsigned> number{0};  // relaxed: the numbers only have to differ
  for (int i = 0; i < kTries && !file_.valid(); ++i) {
    new_name_ = place_.name() + ".new-" + std::to_string(::getpid()) + "-" +
                std::to_string(number.fetch_add(1, std::memory_order_relaxed));
    file_ = FileDescriptor(::openat(place_.folder(), new_name_.c_str(),
                                    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!file_.valid() && errno != EEXIST) break;
  }
  if (!file_.valid()) fail("cannot be made", errno);
}

bool Replacement::is_still_there() const noexcept {
  struct stat ours {};
  struct stat named {};
  return ::fstat(file_.get(), &ours) == 0 &&
         ::fstatat(place_.folder(), new_name_.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

void Replacement::write(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      fail("cannot be written at byte " + std::to_string(bytes_), written == 0 ? ENOSPC : errno);
    }
    bytes_ += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void Replacement::write(std::string_view text) {
  write({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void Replacement::commit() {
  while (::fdatasync(file_.get()) != 0) {
    if (errno != EINTR) fail("cannot be brought to the disk", errno);
  }
  if (!is_still_there()) fail("was taken away or replaced while it was written", ESTALE);
  if (const int error = rename_regular_at(place_.folder(), new_name_, place_.name()); error != 0) {
    fail("cannot be renamed to " + place_.name(), error);
  }
  committed_ = true;
  place_.sync_folder();
}

void Replacement::fail(const std::string& what, int error) const {
  const bool full = error == ENOSPC || error == EDQUOT;
  const std::string why =
      error == kNotRegular ? "what stands there is no regular file" : errno_text(error);
  std::string fix = "see that this user may write in its folder";
  if (error == kNotRegular) fix = "move it away, or name another path";
  if (full) fix = "make room on that file system";
  if (error == EFBIG) fix = "raise the limit of a file's size (ulimit -f)";
  throw FileError(place_.path() + ": its new file " + new_name_ + " " + what + ": " + why, fix,
                  error);
}

void replace_file(const Place& place, std::string_view text, mode_t mode) {
  Replacement file(place, mode);
  file.write(text);
  file.commit();
}

}  // namespace esc::files
