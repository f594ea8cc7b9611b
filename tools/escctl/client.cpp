// SPDX-License-Identifier: BSD-3-Clause
#include "escctl/client.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

#include "base/errno_text.hpp"
#include "cli/json_text.hpp"
#include "control/answer.hpp"
#include "escctl/exit_code.hpp"
#include "escctl/version.hpp"

namespace esc::ctl {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kMaxReplyBytes = 64 * 1024 * 1024;

std::optional<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) return std::nullopt;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

void set_timeout(const FileDescriptor& socket, int option, std::chrono::milliseconds value) {
  const timeval timeout{.tv_sec = value.count() / 1000, .tv_usec = value.count() % 1000 * 1000};
  ::setsockopt(socket.get(), SOL_SOCKET, option, &timeout, sizeof(timeout));
}

// errno says why when the descriptor is invalid.
FileDescriptor connect_to(const std::string& path, std::chrono::milliseconds patience) {
  const auto address = address_of(path);
  if (!address) {
    errno = ENAMETOOLONG;
    return {};
  }
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  set_timeout(socket, SO_RCVTIMEO, patience);
  set_timeout(socket, SO_SNDTIMEO, patience);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) !=
      0) {
    const int error = errno;
    socket.reset();
    errno = error;
  }
  return socket;
}

std::string fix_for(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "run escctl as the user that runs escd, or as root";
    case ENOENT:
    case ECONNREFUSED:
      return "start escd, or name its socket with --socket (its log says where it is)";
    case EAGAIN:
      return "its main lcore does not serve the socket: look at its log";
    default:
      return "see that the path names escd's control socket";
  }
}

// A path under /tmp may belong to somebody else, whose figures must not be shown as ours.
bool trusted_peer(int socket) {
  ucred peer{};
  socklen_t bytes = sizeof(peer);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0) return false;
  return ::geteuid() == 0 || peer.uid == ::geteuid() || peer.uid == 0;
}

std::string text_or(const ordered_json& reply, const char* key, const char* otherwise) {
  const auto found = reply.find(key);
  return found != reply.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

}  // namespace

Client::Client(std::string socket_path, AnswerTimeouts timeouts)
    : path_(std::move(socket_path)), timeouts_(timeouts) {
  connect();
}

void Client::reconnect() {
  input_.clear();
  connect();
}

void Client::connect() {
  socket_ = connect_to(path_, timeouts_.read);
  if (!socket_.valid()) {
    const int error = errno;
    throw Failure(ExitCode::kNotReachable, "cannot connect to " + path_ + ": " + errno_text(error),
                  fix_for(error));
  }
  if (!trusted_peer(socket_.get())) {
    throw Failure(ExitCode::kNotReachable,
                  path_ + " is served by another user, neither root nor this one",
                  "name the right socket with --socket, or run as that user");
  }
}

ordered_json Client::request(const std::string& command, const ordered_json& arguments) {
  ordered_json request = {{"protocol", control::kProtocol}, {"command", command}};
  request.update(arguments);
  send_line(request.dump(-1, ' ', true) + "\n");
  const bool reads_a_file = command == "reload" || arguments.contains("diff");
  set_timeout(socket_, SO_RCVTIMEO, reads_a_file ? timeouts_.file : timeouts_.read);
  const auto parsed =
      cli::parse_json(receive_line(reads_a_file ? timeouts_.file : timeouts_.whole));
  if (!parsed) fail("what it answers is no JSON, or nested too deep");
  const ordered_json& reply = *parsed;
  const auto ok = reply.is_object() ? reply.find("ok") : reply.end();
  if (!reply.is_object() || ok == reply.end() || !ok->is_boolean()) {
    fail("what it answers is not escd's");
  }
  if (command != "version") require_protocol(reply);
  if (!ok->get<bool>()) {
    throw Failure(ExitCode::kRefused, text_or(reply, "error", "escd refused, without a reason"),
                  text_or(reply, "fix", ""));
  }
  const auto result = reply.find("result");
  if (result == reply.end() || !result->is_object()) fail("what it answers is not escd's");
  return *result;
}

// An answer of another protocol could be misread: figures of strangers are worse than none.
void Client::require_protocol(const ordered_json& reply) const {
  const auto said = reply.find("protocol");
  if (said != reply.end() && *said == control::kProtocol) return;
  const std::string theirs = said == reply.end() ? "protocol 1 (it gives no number)"
                             : said->is_number_unsigned()
                                 ? "protocol " + std::to_string(said->get<std::uint64_t>())
                                 : "another one";
  throw Failure(ExitCode::kRefused,
                "this is " + std::string(kVersion) + ", which speaks protocol " +
                    std::to_string(control::kProtocol) + " of the control socket; the escd at " +
                    path_ + " speaks " + theirs,
                "use the escctl that was installed with that escd; escctl version says which "
                "it is");
}

void Client::send_line(const std::string& line) {
  std::size_t sent = 0;
  while (sent < line.size()) {
    const ssize_t put = ::send(socket_.get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    // escd may have sent the reason before it closed the connection.
    if (put < 0 && errno == EPIPE) return;
    if (put < 0) fail(errno == EAGAIN ? "it does not take the request in time" : errno_text(errno));
    sent += static_cast<std::size_t>(put);
  }
}

std::string Client::receive_line(std::chrono::milliseconds timeout) {
  std::array<char, 64 * 1024> buffer;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (std::size_t looked_at = 0;;) {
    if (const auto newline = input_.find('\n', looked_at); newline != std::string::npos) {
      std::string line = input_.substr(0, newline);
      input_.erase(0, newline + 1);
      return line;
    }
    looked_at = input_.size();
    if (std::chrono::steady_clock::now() > deadline) fail("it does not answer in time");
    if (input_.size() > kMaxReplyBytes) fail("its answer does not end");
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(errno == EAGAIN ? "it does not answer in time" : errno_text(errno));
    if (got == 0) fail("it closed the connection");
    input_.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

void Client::fail(const std::string& what) const {
  throw Failure(ExitCode::kNotReachable, path_ + ": " + what,
                "see in escd's log whether it stopped, is stopping or hangs");
}

bool answers(const std::string& socket_path) {
  return connect_to(socket_path, AnswerTimeouts().read).valid();
}

}  // namespace esc::ctl
