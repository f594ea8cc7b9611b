// SPDX-License-Identifier: BSD-3-Clause
#include "control/socket_path.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace esc::control {
namespace {

constexpr std::string_view kSocketName = "/control.sock";
constexpr std::string_view kRunRoot = "/run/escd";
constexpr std::size_t kMaxInstanceBytes = 64;

bool may_write(const std::string& directory) {
  return ::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

enum class Kind { kNothing, kOurDirectory, kSomethingElse };

// Asks once only: between two questions another instance may remove the file, and the answer would
// fit neither moment.
Kind kind_of(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return Kind::kNothing;
  const bool ours = S_ISDIR(status.st_mode) && status.st_uid == ::geteuid();
  return ours ? Kind::kOurDirectory : Kind::kSomethingElse;
}

std::string user_runtime_directory() {
  const char* value = std::getenv("XDG_RUNTIME_DIR");
  return value != nullptr && value[0] == '/' ? value : "";
}

bool run_root_is_ours(const std::string& instance_directory) {
  const Kind instance = kind_of(instance_directory);
  if (instance != Kind::kNothing) return instance == Kind::kOurDirectory;
  const std::string root(kRunRoot);
  return kind_of(root) != Kind::kNothing ? may_write(root) : may_write("/run");
}

std::string socket_in(const std::string& root, std::string_view instance) {
  return root + "/" + std::string(instance) + std::string(kSocketName);
}

std::string temporary_root() {
  return "/tmp/escd-" + std::to_string(::geteuid());
}

}  // namespace

std::vector<std::string> instance_roots() {
  std::vector<std::string> roots = {std::string(kRunRoot)};
  if (const std::string user = user_runtime_directory(); !user.empty()) {
    roots.push_back(user + "/escd");
  }
  roots.push_back(temporary_root());
  return roots;
}

std::vector<std::string> candidate_socket_paths(std::string_view instance) {
  std::vector<std::string> paths;
  for (const std::string& root : instance_roots()) paths.push_back(socket_in(root, instance));
  return paths;
}

std::string default_socket_path(std::string_view instance) {
  const std::string run_root(kRunRoot);
  if (run_root_is_ours(run_root + "/" + std::string(instance))) {
    return socket_in(run_root, instance);
  }
  const std::string user = user_runtime_directory();
  if (!user.empty() && kind_of(user) == Kind::kOurDirectory)
    return socket_in(user + "/escd", instance);
  return socket_in(temporary_root(), instance);
}

bool is_instance_name(std::string_view name) noexcept {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  };
  return !name.empty() && name.size() <= kMaxInstanceBytes && name[0] != '.' && name[0] != '-' &&
         std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace esc::control
