// SPDX-License-Identifier: BSD-3-Clause
#include "esc-dlq/cursor.hpp"

#include <sys/file.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <utility>

#include "base/file_descriptor.hpp"
#include "cli/json_text.hpp"
#include "dlq/crc32c.hpp"
#include "esc-dlq/replay_error.hpp"
#include "files/replacement.hpp"

namespace esc::dlq_tool {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kCursorVersion = 1;
constexpr std::size_t kMaxBytes = 64 * 1024;

[[noreturn]] void fail(const std::string& path, const std::string& what, const std::string& fix) {
  throw ReplayError("cursor '" + path + "': " + what, fix);
}

/// What is in the file; nullopt: there is no such file.
std::optional<std::string> read_file(const std::string& path) {
  try {
    const files::Place place(path);
    const FileDescriptor file = place.open_to_read();
    if (!file.valid()) return std::nullopt;
    return files::read_rest(file, path, kMaxBytes);
  } catch (const files::FileError& error) {
    fail(path, error.what(), "name another with --cursor");
  }
}

}  // namespace

Cursor::Cursor(std::string path, std::string selection)
    : path_(std::move(path)), selection_(std::move(selection)) {
  read();
}

void Cursor::read() {
  position_.reset();
  const auto text = read_file(path_);
  if (!text) return;
  const std::string fix = "name another with --cursor, or remove it";
  const Json json = cli::parse_json(*text).value_or(Json());
  const auto version = cli::whole_member(json, "esc_dlq_cursor");
  if (!version) fail(path_, "is no cursor", fix);
  if (*version != kCursorVersion) fail(path_, "is of another version", fix);
  if (!json.contains("selection") || !json["selection"].is_string())
    fail(path_, "is no cursor", fix);
  if (json["selection"].get_ref<const std::string&>() != selection_)
    fail(path_, "is of another selection of letters", fix);
  const auto segment = cli::whole_member(json, "segment");
  const auto run = cli::whole_member(json, "run");
  const auto created_ns = cli::whole_member(json, "created_ns");
  const auto id = cli::whole_member(json, "id");
  if (!segment || !run || !created_ns || !id) fail(path_, "is no cursor", fix);
  position_ =
      CursorPosition{.segment = *segment, .run = *run, .created_ns = *created_ns, .id = *id};
}

void Cursor::lock() {
  // The lock has a file of its own, since the cursor's file is replaced at every commit. It is
  // never removed: whoever removed it while another process holds it would let a third one in.
  const std::string path = path_ + ".lock";
  try {
    lock_ = files::open_lock(files::Place(path));
  } catch (const files::FileError& error) {
    fail(path_, error.what(), "name one where you may write with --cursor");
  }
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
    fail(path_, "another replay of this selection is under way", "wait for its end");
  read();
}

void Cursor::restart() {
  try {
    files::remove_file(files::Place(path_));
  } catch (const files::FileError& error) {
    fail(path_, std::string("cannot be removed: ") + error.what(),
         "look at the disk, and at who may write there");
  }
  position_.reset();
}

void Cursor::commit(const CursorPosition& position) {
  const Json json = {{"esc_dlq_cursor", kCursorVersion},  {"selection", selection_},
                     {"segment", position.segment},       {"run", position.run},
                     {"created_ns", position.created_ns}, {"id", position.id}};
  try {
    files::replace_file(files::Place(path_),
                        json.dump(1, ' ', true, Json::error_handler_t::replace) + "\n");
  } catch (const files::FileError& error) {
    fail(path_, std::string("cannot be written: ") + error.what(),
         "name one where you may write with --cursor");
  }
  position_ = position;
}

std::string default_cursor_path(const std::string& folder, const std::string& selection) {
  std::array<char, 16> number{};
  std::snprintf(number.data(), number.size(), "%08x",
                dlq::crc32c(std::as_bytes(std::span(selection))));
  return std::filesystem::path(folder) / ("replay-" + std::string(number.data()) + ".cursor");
}

}  // namespace esc::dlq_tool
