#include "app/escd/ledger_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace esc::app {
namespace {

namespace fs = std::filesystem;

constexpr int kReaderTimeoutMs = 1000;

topology::Problem problem(const std::string& file, std::string what, std::string fix) {
  return {"--ledger " + file, std::move(what), std::move(fix)};
}

/// 0, or the errno of what went wrong.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd room{fd, POLLOUT, 0};
      if (poll(&room, 1, kReaderTimeoutMs) == 0) return ETIMEDOUT;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

/// `file` is opened with `flags` for writing and gets the text. Throws.
void write_to(const std::string& file, int flags, const std::string& text) {
  const int fd = open(file.c_str(), flags | O_WRONLY | O_NOCTTY | O_CLOEXEC, 0666);
  int error = fd < 0 ? errno : write_all(fd, text);
  if (fd >= 0 && close(fd) != 0 && error == 0) error = errno;
  if (error != 0) {
    throw std::runtime_error("cannot write the ledger to " + file + ": " +
                             std::generic_category().message(error));
  }
}

void replace(const std::string& file, const std::string& text) {
  const std::string aside = file + ".tmp";
  // A file of our own, whatever somebody left or laid there: a link would lead us elsewhere.
  unlink(aside.c_str());
  try {
    write_to(aside, O_CREAT | O_EXCL | O_NOFOLLOW, text);
    fs::rename(aside, file);
  } catch (...) {
    unlink(aside.c_str());
    throw;
  }
}

void write_in_place(const std::string& file, const std::string& text) {
  // Non-blocking: a FIFO without a reader refuses instead of waiting for one.
  write_to(file, O_NONBLOCK, text);
}

}  // namespace

std::optional<topology::Problem> unfit_ledger_file(const std::string& file) {
  if (file.empty()) return std::nullopt;
  std::error_code ignored;
  const fs::file_type type = fs::status(file, ignored).type();
  if (type == fs::file_type::directory) {
    return problem(file, "it is a directory",
                   "name a file in it, such as " + file + "/ledger.json");
  }
  if (type == fs::file_type::block) {
    return problem(file, "it is a disk, which would be overwritten", "name a file");
  }
  if (fs::exists(fs::file_status(type)) && type != fs::file_type::regular) {
    if (access(file.c_str(), W_OK) == 0) return std::nullopt;
    return problem(file, "this user may not write to it", "name a file that is writable");
  }
  const fs::path target =
      type == fs::file_type::regular ? fs::canonical(file, ignored) : fs::absolute(file);
  const fs::path folder = target.parent_path();
  if (access(folder.c_str(), W_OK) == 0) return std::nullopt;
  return problem(file, "nothing can be written to " + folder.string(),
                 "name a file in a folder that exists and is writable");
}

void write_ledger_file(const std::string& file, const std::string& text) {
  const fs::file_type type = fs::status(file).type();
  if (type == fs::file_type::not_found) {
    replace(file, text);
  } else if (type == fs::file_type::regular) {
    replace(fs::canonical(file), text);  // /dev/stdout is a link, and stays one
  } else {
    write_in_place(file, text);
  }
}

}  // namespace esc::app
