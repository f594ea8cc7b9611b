// SPDX-License-Identifier: BSD-3-Clause
#include "control/control_server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errno_text.hpp"
#include "control/bound_socket.hpp"
#include "control/line_connection.hpp"

namespace esc::control {
namespace {

constexpr std::size_t kEventsPerCall = 32;
constexpr int kAcceptsPerCall = 16;

// The number of the process that connected, from the kernel; nullopt: it belongs neither to our
// user nor to root. 0: the process cannot be seen from our PID namespace.
std::optional<pid_t> process_of(int socket) {
  ucred peer{};
  socklen_t bytes = sizeof(peer);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0) return std::nullopt;
  if (peer.uid != ::geteuid() && peer.uid != 0) return std::nullopt;
  return peer.pid;
}

bool somebody_waits(int listening) {
  pollfd door{.fd = listening, .events = POLLIN, .revents = 0};
  return ::poll(&door, 1, 0) > 0;
}

bool input_waits(int socket) {
  char byte = 0;
  return ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

// Writes a line to a peer that is not let in, as far as its socket takes it now.
void say_and_forget(int socket, const std::string& line) {
  (void)!::send(socket, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

class ControlServer::Impl {
 public:
  Impl(std::string path, Handler handler, ControlServerLimits limits, Clock now)
      : socket_(std::move(path)),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        spare_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
        handler_(std::move(handler)),
        limits_(std::move(limits)),
        now_(std::move(now)) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;
    if (!epoll_.valid() || !spare_.valid() ||
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket_.fd(), &event) != 0) {
      throw StartError(
          "control socket " + socket_.path() + ": cannot watch it: " + errno_text(errno),
          "raise the limit of open files (ulimit -n)");
    }
  }

  void serve_ready() {
    std::array<epoll_event, kEventsPerCall> events{};
    const int ready = ::epoll_wait(epoll_.get(), events.data(), kEventsPerCall, 0);
    bool newcomers = false;
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.ptr == nullptr) {
        newcomers = true;
      } else {
        serve(*static_cast<Peer*>(event.data.ptr), event.events);
      }
    }
    // Done last, since a new connection may take the place of one that the events are about.
    if (newcomers) accept_all();
  }

  void settle(std::uint64_t ticket, std::string line) {
    for (const auto& peer : peers_) {
      if (peer->awaits != ticket) continue;
      peer->awaits = 0;
      peer->connection.queue(bounded(std::move(line)));
      serve(*peer, 0);
      return;
    }
  }

  [[nodiscard]] int poll_fd() const noexcept { return epoll_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return socket_.path(); }
  [[nodiscard]] const ControlServerFigures& figures() const noexcept { return figures_; }
  [[nodiscard]] std::size_t connections() const noexcept { return peers_.size(); }

 private:
  struct Peer {
    LineConnection connection;
    pid_t process = 0;
    bool reserved = false;
    std::chrono::steady_clock::time_point idle_since;  ///< when it last came, was answered, or read
    std::uint32_t interest = 0;                        ///< what epoll watches
    std::uint64_t awaits = 0;  ///< the ticket of an answer that comes later; 0: of none
  };

  void accept_all();
  void admit(FileDescriptor socket);
  [[nodiscard]] bool add(FileDescriptor socket, pid_t process, bool reserved);
  [[nodiscard]] std::size_t count(bool reserved) const;
  [[nodiscard]] bool is_idle(const Peer& peer) const;
  [[nodiscard]] bool one_gives_way();
  void serve(Peer& peer, std::uint32_t events) noexcept;
  [[nodiscard]] bool serve_or_fail(Peer& peer);
  [[nodiscard]] bool answer_some(Peer& peer);
  void reply_to(Peer& peer, std::string_view line);
  [[nodiscard]] std::string bounded(std::string reply) const;
  [[nodiscard]] nlohmann::ordered_json handle(const Peer& peer, const nlohmann::json& request);
  [[nodiscard]] std::size_t all_unsent() const;
  [[nodiscard]] bool watch(Peer& peer) const noexcept;
  void drop(const Peer& peer) noexcept;

  BoundSocket socket_;
  FileDescriptor epoll_;
  FileDescriptor spare_;  ///< given up for a moment when descriptors run out, see accept_all()
  Handler handler_;
  ControlServerLimits limits_;
  Clock now_;
  ControlServerFigures figures_;
  std::vector<std::unique_ptr<Peer>> peers_;
};

void ControlServer::Impl::accept_all() {
  for (int i = 0; i < kAcceptsPerCall; ++i) {
    FileDescriptor peer(::accept4(socket_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (peer.valid()) {
      admit(std::move(peer));
      continue;
    }
    if (errno != EMFILE && errno != ENFILE) return;
    // With no free descriptor, accept() fails whether anybody waits or not.
    if (!somebody_waits(socket_.fd())) return;
    if (one_gives_way()) continue;
    // With no free descriptor the peer could not be accepted, and would keep poll_fd() readable for
    // ever.
    spare_.reset();
    const bool turned_away =
        FileDescriptor(::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC)).valid();
    spare_ = FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!turned_away) return;
    ++figures_.refused_full;
  }
}

void ControlServer::Impl::admit(FileDescriptor socket) {
  const auto process = process_of(socket.get());
  if (!process) {
    ++figures_.refused_user;
    return;
  }
  const bool reserved = count(false) >= limits_.max_connections && !one_gives_way();
  if (reserved && count(true) >= limits_.reserved_connections) {
    // A connection in a reserved place is for one request, and it has had time for that.
    drop(**std::ranges::find(peers_, true, &Peer::reserved));
  }
  if (!add(std::move(socket), *process, reserved)) {
    ++figures_.refused_full;
    return;
  }
  ++figures_.accepted;
  // Answers what it sent before it was accepted.
  serve(*peers_.back(), 0);
}

bool ControlServer::Impl::add(FileDescriptor socket, pid_t process, bool reserved) {
  auto peer = std::make_unique<Peer>(
      Peer{{std::move(socket), limits_.max_line_bytes}, process, reserved, now_()});
  epoll_event event{};
  event.events = peer->interest = EPOLLIN;
  event.data.ptr = peer.get();
  peers_.push_back(std::move(peer));
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, peers_.back()->connection.fd(), &event) == 0) {
    return true;
  }
  peers_.pop_back();
  return false;
}

std::size_t ControlServer::Impl::count(bool reserved) const {
  return static_cast<std::size_t>(std::ranges::count(peers_, reserved, &Peer::reserved));
}

bool ControlServer::Impl::is_idle(const Peer& peer) const {
  const LineConnection& connection = peer.connection;
  if (peer.awaits != 0) return false;
  if (connection.unsent() > 0) return now_() - peer.idle_since >= limits_.max_unread_time;
  return !connection.has_line() && !input_waits(connection.fd());
}

// Closes one idle connection. False: no connection is idle.
bool ControlServer::Impl::one_gives_way() {
  std::map<pid_t, std::size_t> connections_of;
  for (const auto& peer : peers_) connections_of[peer->process] += peer->reserved ? 0 : 1;
  const Peer* chosen = nullptr;
  for (const auto& peer : peers_) {
    if (peer->reserved || !is_idle(*peer)) continue;
    const auto rank = [&](const Peer& one) {
      return std::pair(connections_of[one.process], now_() - one.idle_since);
    };
    if (chosen == nullptr || rank(*peer) > rank(*chosen)) chosen = peer.get();
  }
  if (chosen == nullptr) return false;
  ++figures_.gave_way;
  if (chosen->connection.unsent() == 0) {
    say_and_forget(chosen->connection.fd(),
                   to_line(error_reply("this control connection was idle, and its place was wanted",
                                       "connect again")));
  }
  drop(*chosen);
  return true;
}

void ControlServer::Impl::serve(Peer& peer, std::uint32_t events) noexcept {
  bool keep = false;
  try {
    const std::uint64_t requests = figures_.requests;
    const std::size_t unsent = peer.connection.unsent();
    // The peer has left, so nobody will read the answer that comes later.
    const bool gone = peer.awaits != 0 && (events & (EPOLLHUP | EPOLLERR)) != 0;
    keep = !gone && serve_or_fail(peer) && watch(peer);
    if (figures_.requests != requests || peer.connection.unsent() < unsent) {
      peer.idle_since = now_();
    }
  } catch (...) {  // out of memory: this peer goes, the appliance stays
    keep = false;
  }
  if (!keep) drop(peer);
}

bool ControlServer::Impl::serve_or_fail(Peer& peer) {
  using Io = LineConnection::Io;
  LineConnection& connection = peer.connection;
  if (!connection.ended() && !connection.has_line() && connection.receive() == Io::kBroken) {
    return false;
  }
  if (!answer_some(peer) || connection.flush() == Io::kBroken) return false;
  return peer.awaits != 0 || !connection.done();
}

// False: the peer has to be dropped. Unread bytes are checked against the limit before a reply is
// added to them, so a single reply may be longer than that limit.
bool ControlServer::Impl::answer_some(Peer& peer) {
  LineConnection& connection = peer.connection;
  for (std::size_t i = 0; i < limits_.max_requests_per_turn && peer.awaits == 0; ++i) {
    if (connection.overlong()) {
      ++figures_.dropped_overlong;
      connection.finish();
      connection.queue(to_line(error_reply("the request is longer than " +
                                           std::to_string(limits_.max_line_bytes) + " bytes")));
      return true;
    }
    const auto line = connection.next_line();
    if (!line) return true;
    if (connection.flush() == LineConnection::Io::kBroken) return false;
    if (connection.unsent() > limits_.max_unsent_bytes) {
      ++figures_.dropped_slow;
      return false;
    }
    ++figures_.requests;
    reply_to(peer, *line);
    if (peer.reserved) connection.finish();
  }
  return true;
}

std::size_t ControlServer::Impl::all_unsent() const {
  std::size_t bytes = 0;
  for (const auto& peer : peers_) bytes += peer->connection.unsent();
  return bytes;
}

nlohmann::ordered_json ControlServer::Impl::handle(const Peer& peer,
                                                   const nlohmann::json& request) {
  if (request["command"] == limits_.always_answered) return handler_(request);
  if (peer.reserved) {
    ++figures_.refused_full;
    throw Refusal("too many control connections, all in the middle of an answer",
                  "let their programs read what they asked for, or end them");
  }
  if (all_unsent() > limits_.max_all_unsent_bytes) {
    throw Refusal("too much of what other control connections asked for is unread",
                  "let their programs read it, or end them");
  }
  return handler_(request);
}

void ControlServer::Impl::reply_to(Peer& peer, std::string_view line) {
  try {
    peer.connection.queue(bounded(
        answer(line, [&](const nlohmann::json& request) { return handle(peer, request); })));
  } catch (const Later& later) {
    peer.awaits = later.ticket;
  }
}

std::string ControlServer::Impl::bounded(std::string reply) const {
  if (reply.size() <= limits_.max_reply_bytes) return reply;
  return to_line(error_reply("the reply has " + std::to_string(reply.size()) + " bytes, and " +
                                 std::to_string(limits_.max_reply_bytes) + " are the most",
                             "ask for less; topics has a line for each route"));
}

// Tells epoll what to wait for. If a whole line waits for its turn, no more input is needed: a
// writable socket brings the next turn. If a line waits for the answer to the line before it,
// settle() brings the turn.
bool ControlServer::Impl::watch(Peer& peer) const noexcept {
  const LineConnection& connection = peer.connection;
  const bool waiting = connection.has_line() && peer.awaits == 0;
  epoll_event event{};
  if (!connection.ended() && !connection.has_line() && !connection.overlong()) {
    event.events |= EPOLLIN;
  }
  if (waiting || connection.unsent() > 0) event.events |= EPOLLOUT;
  event.data.ptr = &peer;
  if (event.events == peer.interest) return true;
  peer.interest = event.events;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.fd(), &event) == 0;
}

// Closing is not enough: a child forked meanwhile holds the same socket, and epoll would go on
// reporting it, with a pointer to a peer that is no more.
void ControlServer::Impl::drop(const Peer& peer) noexcept {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, peer.connection.fd(), nullptr);
  std::erase_if(peers_, [&](const auto& one) { return one.get() == &peer; });
}

ControlServer::ControlServer(std::string socket_path, Handler handler, ControlServerLimits limits,
                             Clock now)
    : impl_(std::make_unique<Impl>(std::move(socket_path), std::move(handler), std::move(limits),
                                   std::move(now))) {}

ControlServer::~ControlServer() = default;

int ControlServer::poll_fd() const noexcept {
  return impl_->poll_fd();
}

void ControlServer::serve_ready() noexcept {
  try {
    impl_->serve_ready();
  } catch (...) {  // out of memory while admitting a peer: its socket is closed, others stay
  }
}

void ControlServer::settle(std::uint64_t ticket, std::string line) noexcept {
  try {
    impl_->settle(ticket, std::move(line));
  } catch (...) {  // out of memory: the peer waits in vain, and the appliance stays
  }
}

const std::string& ControlServer::socket_path() const noexcept {
  return impl_->path();
}
ControlServerFigures ControlServer::figures() const noexcept {
  return impl_->figures();
}
std::size_t ControlServer::connections() const noexcept {
  return impl_->connections();
}

}  // namespace esc::control
