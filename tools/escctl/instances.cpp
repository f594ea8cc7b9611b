// SPDX-License-Identifier: BSD-3-Clause
#include "escctl/instances.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "control/socket_path.hpp"
#include "escctl/client.hpp"
#include "escctl/exit_code.hpp"

namespace esc::ctl {
namespace {

bool trusted(const std::string& directory) {
  struct stat status {};
  return ::lstat(directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         (status.st_uid == ::geteuid() || status.st_uid == 0);
}

std::string socket_in(const std::string& root, const std::string& instance) {
  return root + "/" + instance + "/control.sock";
}

std::string joined(std::span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string socket_of(std::span<const std::string> roots, const std::string& name) {
  if (!control::is_instance_name(name)) {
    throw Failure(ExitCode::kUsage, "\"" + name + "\" cannot be the name of an instance",
                  "it is 1 to 64 of A-Z a-z 0-9 _ . -, not beginning with . or -");
  }
  std::string existing;
  for (const std::string& root : roots) {
    const std::string path = socket_in(root, name);
    if (!trusted(root)) continue;
    if (answers(path)) return path;
    std::error_code error;
    // A path that we may not look at counts as existing: connecting will say why it fails.
    const auto status = std::filesystem::symlink_status(path, error);
    if (existing.empty() && (std::filesystem::exists(status) || error)) {
      if (error != std::errc::no_such_file_or_directory) existing = path;
    }
  }
  if (!existing.empty()) return existing;
  throw Failure(ExitCode::kNotReachable, "no escd named " + name + " in any of " + joined(roots),
                "start it, name its socket with --socket, or run as the user that runs it");
}

}  // namespace

std::vector<Instance> running_instances(std::span<const std::string> roots) {
  std::vector<Instance> found;
  for (const std::string& root : roots) {
    if (!trusted(root)) continue;
    std::error_code error;
    std::vector<std::string> names;
    for (auto entry = std::filesystem::directory_iterator(root, error);
         !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      names.push_back(entry->path().filename().string());
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      if (!control::is_instance_name(name)) continue;
      if (std::string path = socket_in(root, name); answers(path)) found.push_back({name, path});
    }
  }
  return found;
}

std::string choose_socket(std::span<const std::string> roots, std::string_view named) {
  if (!named.empty()) return socket_of(roots, std::string(named));
  const std::vector<Instance> running = running_instances(roots);
  if (running.size() == 1) return running.front().socket_path;
  if (running.empty()) {
    throw Failure(ExitCode::kNotReachable,
                  "no escd that this user may talk to runs under " + joined(roots),
                  "start one, run escctl as the user that runs it (root?), or name --socket");
  }
  std::string list;
  for (const Instance& one : running) list += "\n  " + one.name + "  (" + one.socket_path + ")";
  throw Failure(ExitCode::kUsage, "several instances run:" + list,
                "say which with --instance NAME or --socket PATH");
}

}  // namespace esc::ctl
