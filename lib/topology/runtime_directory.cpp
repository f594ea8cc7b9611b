// SPDX-License-Identifier: BSD-3-Clause
#include "topology/runtime_directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "base/errno_text.hpp"
#include "base/file_descriptor.hpp"
#include "files/regular_file.hpp"

namespace esc::topology {
namespace {

struct Base {
  std::string path;
  std::string variable;  ///< the environment variable that names it; empty: none does
};

Base base_directory() {
  for (const char* variable : {"RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"}) {
    // EAL goes by the real user id, and has a fixed folder for root.
    if (variable[0] == 'X' && getuid() == 0) continue;
    if (const char* path = std::getenv(variable)) return {path, variable};
  }
  return {getuid() == 0 ? "/var/run" : "/tmp", ""};
}

std::string advice(const Base& base) {
  if (!base.variable.empty()) {
    return "set " + base.variable + " to a folder that is there and that this user may write to";
  }
  if (getuid() == 0) return "see that it is a folder that root may write to";
  return "set XDG_RUNTIME_DIR to a folder of this user's own (mkdir -m 700 DIR), or have it "
         "removed "
         "by its owner";
}

/// What is wrong with a folder that is there; errno says what if it cannot be looked at.
std::string trouble_with(const std::filesystem::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return errno_text(errno);
  if (!S_ISDIR(status.st_mode)) return "it is no folder";
  if (faccessat(AT_FDCWD, path.c_str(), W_OK | X_OK, AT_EACCESS) == 0) return {};
  if (status.st_uid == geteuid()) return "this user may not write to it";
  return "it belongs to user " + std::to_string(status.st_uid) + ", and user " +
         std::to_string(geteuid()) + " may not write to it";
}

}  // namespace

std::string eal_runtime_directory(const std::string& instance) {
  return base_directory().path + "/dpdk/" + instance;
}

std::optional<Problem> runtime_directory_problem(const std::string& instance, const SysRoot& root) {
  const Base base = base_directory();
  const auto real = [&](const std::string& path) {
    return base.variable.empty() ? root.at(path) : std::filesystem::path(path);
  };
  // EAL makes each folder within the one before it. So the last one that exists is the one that
  // must be writable.
  std::string last = base.path;
  for (const std::string& path : {base.path + "/dpdk", base.path + "/dpdk/" + instance}) {
    struct stat status {};
    if (lstat(real(path).c_str(), &status) != 0) break;
    last = path;
  }
  const std::string trouble = trouble_with(real(last));
  if (trouble.empty()) return std::nullopt;
  return Problem{last, "DPDK cannot keep its files of this instance there: " + trouble,
                 advice(base)};
}

std::optional<Problem> file_prefix_problem(const std::string& instance) {
  const std::string file = eal_runtime_directory(instance) + "/config";
  const FileDescriptor opened =
      files::open_regular_at(AT_FDCWD, file, O_RDWR, files::Links::kRefuse).fd;
  if (!opened.valid()) return std::nullopt;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(opened.get(), F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return Problem{"",
                 "another DPDK process runs under the file prefix \"" + instance + "\" (process " +
                     std::to_string(lock.l_pid) + ")",
                 "stop it, or choose another instance name"};
}

}  // namespace esc::topology
