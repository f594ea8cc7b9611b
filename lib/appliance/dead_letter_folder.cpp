// SPDX-License-Identifier: BSD-3-Clause
#include "appliance/dead_letter_folder.hpp"

#include <spdlog/spdlog.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string>
#include <utility>

#include "base/errno_text.hpp"
#include "base/start_error.hpp"
#include "config/text.hpp"
#include "dlq/folder.hpp"

namespace esc::appliance {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string where(const config::Config& config) {
  return config.where("dead_letters.directory");
}

config::Trouble trouble_of(const config::DeadLettersConfig& letters, int error) {
  const std::string folder = "dead letters in " + config::in_quotes(letters.directory) + ": ";
  if (error == EWOULDBLOCK) {
    return {folder + "another program writes into it", "give each escd a folder of its own"};
  }
  return {folder + errno_text(error),
          "make its parent folder, and let this user write there; or name another"};
}

/// Without room for a segment escd starts, and loses the letters until there is some.
std::vector<config::Finding> check_room(const config::Config& config) {
  const config::DeadLettersConfig& letters = config.dead_letters;
  std::error_code error;
  const bool there = std::filesystem::exists(letters.directory, error);
  const auto place = std::filesystem::absolute(letters.directory, error);
  struct statvfs disk {};
  if (statvfs((there ? place : place.parent_path()).c_str(), &disk) != 0) return {};
  const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  const std::uint64_t needed = letters.min_free_bytes + letters.segment_bytes;
  if (free >= needed) return {};
  return {{config::Severity::kWarning, where(config),
           "dead letters in " + config::in_quotes(letters.directory) + ": " +
               std::to_string(free >> 20U) + " MiB are free there, and a segment beside " +
               "dead_letters.min_free_bytes takes " + std::to_string(needed >> 20U) +
               ": letters will be lost until there is room",
           "make room, or lower dead_letters.min_free_bytes or segment_bytes"}};
}

void say(const dlq::Recovery& found, const std::string& directory, steady_clock::duration took) {
  for (const std::string& complaint : found.complaints) spdlog::warn("dead letters: {}", complaint);
  spdlog::info("dead letters: {} in {} segments, {} MiB, in {} (read in {} ms)", found.letters,
               found.segments.size(), found.bytes >> 20U, config::in_quotes(directory),
               std::chrono::duration_cast<milliseconds>(took).count());
}

}  // namespace

std::vector<config::Finding> check_dead_letters(const config::Config& config) {
  const config::DeadLettersConfig& letters = config.dead_letters;
  const auto refused = [&](std::string what, std::string fix) {
    return std::vector<config::Finding>{
        {config::Severity::kUnavailable, where(config), std::move(what), std::move(fix)}};
  };
  if (const int error = dlq::look_at_folder(letters.directory); error != 0) {
    config::Trouble trouble = trouble_of(letters, error);
    return refused(std::move(trouble.what), std::move(trouble.fix));
  }
  std::error_code error;
  if (std::filesystem::exists(letters.directory, error)) {
    try {
      dlq::check_headers(letters.directory);
    } catch (const dlq::FolderError& found) {
      return refused(config::printable(found.what(), config::kMaxSentenceBytes),
                     config::printable(found.fix(), config::kMaxSentenceBytes));
    }
  }
  return check_room(config);
}

DeadLetterFolder::DeadLetterFolder(const config::Config& config)
    : files(config.dead_letters.io_uring ? dlq::CommitPath::kRing : dlq::CommitPath::kSystemCalls) {
  const config::DeadLettersConfig& letters = config.dead_letters;
  if (const int error = files.open(letters.directory); error != 0) {
    const config::Trouble trouble = trouble_of(letters, error);
    throw StartError(where(config) + ": " + trouble.what, trouble.fix);
  }
  const auto began = steady_clock::now();
  try {
    found = dlq::recover(letters.directory, letters.segment_bytes);
  } catch (const dlq::FolderError& error) {
    throw StartError(
        where(config) + ": " + config::printable(error.what(), config::kMaxSentenceBytes),
        config::printable(error.fix(), config::kMaxSentenceBytes));
  }
  say(found, letters.directory, steady_clock::now() - began);
  for (const std::string& name : found.unfit) (void)files.remove(name);
}

}  // namespace esc::appliance
