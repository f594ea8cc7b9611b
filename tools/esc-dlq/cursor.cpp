#include "esc-dlq/cursor.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/file_descriptor.hpp"
#include "cli/json_text.hpp"
#include "dlq/crc32c.hpp"
#include "esc-dlq/replay_error.hpp"

namespace esc::dlq_tool {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kMaxBytes = 64 * 1024;

[[noreturn]] void fail(const std::string& path, const std::string& what, const std::string& fix) {
  throw ReplayError("cursor '" + path + "': " + what, fix);
}

/// What is in the file; none: there is no such file.
std::optional<std::string> read_file(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  if (!file.valid() && errno == ENOENT) return std::nullopt;
  if (!file.valid()) fail(path, std::strerror(errno), "name another with --cursor");
  std::string text(kMaxBytes, '\0');
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  if (got < 0) fail(path, std::strerror(errno), "name another with --cursor");
  text.resize(static_cast<std::size_t>(got));
  return text;
}

void write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw std::system_error(errno, std::generic_category());
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void check(int returned) {
  if (returned != 0) throw std::system_error(errno, std::generic_category());
}

void sync_folder_of(const std::string& path) {
  const std::string parent = std::filesystem::absolute(path).parent_path();
  const FileDescriptor folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  check(folder.valid() ? ::fsync(folder.get()) : -1);
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
  if (*version != kVersion) fail(path_, "is of another version", fix);
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
  // A file of its own: the cursor's is replaced at every commit. It stays; who removes it while
  // another holds it would let a third one in.
  const std::string path = path_ + ".lock";
  lock_ = FileDescriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock_.valid())
    fail(path_, std::strerror(errno), "name one where you may write with --cursor");
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
    fail(path_, "another replay of this selection is under way", "wait for its end");
  read();
}

void Cursor::restart() {
  try {
    if (::unlink(path_.c_str()) != 0) check(errno == ENOENT ? 0 : -1);
    sync_folder_of(path_);
  } catch (const std::system_error& error) {
    fail(path_, std::string("cannot be removed: ") + std::strerror(error.code().value()),
         "look at the disk, and at who may write there");
  }
  position_.reset();
}

void Cursor::commit(const CursorPosition& position) {
  const Json json = {{"esc_dlq_cursor", kVersion},        {"selection", selection_},
                     {"segment", position.segment},       {"run", position.run},
                     {"created_ns", position.created_ns}, {"id", position.id}};
  const std::string next = path_ + ".new";
  try {
    (void)::unlink(next.c_str());  // what a crash left
    const FileDescriptor file(
        ::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    check(file.valid() ? 0 : -1);
    write_all(file.get(), json.dump(1, ' ', true, Json::error_handler_t::replace) + "\n");
    check(::fsync(file.get()));
    check(::rename(next.c_str(), path_.c_str()));
    sync_folder_of(path_);
  } catch (const std::system_error& error) {
    fail(path_, std::string("cannot be written: ") + std::strerror(error.code().value()),
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
