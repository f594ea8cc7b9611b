#include "app/escd/ledger_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
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

void replace(const std::string& file, const std::string& text) {
  const std::string aside = file + ".tmp";
  std::ofstream out(aside);
  out << text;
  out.close();
  if (!out) throw std::runtime_error("cannot write the ledger to " + aside);
  fs::rename(aside, file);
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

void write_in_place(const std::string& file, const std::string& text) {
  // Non-blocking: a FIFO without a reader refuses instead of waiting for one.
  const int fd = open(file.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  const int error = fd < 0 ? errno : write_all(fd, text);
  if (fd >= 0) close(fd);
  if (error != 0) {
    throw std::runtime_error("cannot write the ledger to " + file + ": " +
                             std::generic_category().message(error));
  }
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
