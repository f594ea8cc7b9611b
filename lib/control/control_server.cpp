#include "control/control_server.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "control/bound_socket.hpp"
#include "control/line_connection.hpp"

namespace esc::control {
namespace {

constexpr std::size_t kEventsPerCall = 32;
constexpr int kAcceptsPerCall = 16;

bool is_our_user(int socket) {
  ucred peer{};
  socklen_t bytes = sizeof(peer);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

// To a peer that is not let in: what fits into its socket now is all it gets.
void say_and_forget(int socket, const std::string& line) {
  (void)!::send(socket, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

class ControlServer::Impl {
 public:
  Impl(std::string path, Handler handler, ControlServerLimits limits)
      : socket_(std::move(path)),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        spare_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
        handler_(std::move(handler)),
        limits_(limits) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;
    if (!epoll_.valid() || !spare_.valid() ||
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket_.fd(), &event) != 0) {
      throw StartError("control socket " + socket_.path() +
                           ": cannot watch it: " + std::generic_category().message(errno),
                       "raise the limit of open files (ulimit -n)");
    }
  }

  void serve_ready() {
    std::array<epoll_event, kEventsPerCall> events{};
    const int ready = ::epoll_wait(epoll_.get(), events.data(), kEventsPerCall, 0);
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.ptr == nullptr) {
        accept_all();
      } else {
        serve(*static_cast<Peer*>(event.data.ptr));
      }
    }
  }

  [[nodiscard]] int poll_fd() const noexcept { return epoll_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return socket_.path(); }
  [[nodiscard]] const ControlServerFigures& figures() const noexcept { return figures_; }
  [[nodiscard]] std::size_t connections() const noexcept { return peers_.size(); }

 private:
  struct Peer {
    LineConnection connection;
    std::uint32_t interest = 0;  ///< what epoll watches
  };

  void accept_all();
  void admit(FileDescriptor socket);
  void serve(Peer& peer) noexcept;
  [[nodiscard]] bool serve_or_fail(LineConnection& connection);
  [[nodiscard]] bool answer_some(LineConnection& connection);
  [[nodiscard]] std::string reply_to(std::string_view line);
  [[nodiscard]] bool watch(Peer& peer) const noexcept;
  void drop(const Peer& peer) noexcept;

  BoundSocket socket_;
  FileDescriptor epoll_;
  FileDescriptor spare_;  ///< given up for a moment when descriptors run out, see accept_all()
  Handler handler_;
  ControlServerLimits limits_;
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
    // Without a descriptor the peer would wait at the door and keep poll_fd() readable for ever.
    spare_.reset();
    const bool turned_away =
        FileDescriptor(::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC)).valid();
    spare_ = FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!turned_away) return;
    ++figures_.refused_full;
  }
}

void ControlServer::Impl::admit(FileDescriptor socket) {
  if (!is_our_user(socket.get())) {
    ++figures_.refused_user;
    return;
  }
  if (peers_.size() >= limits_.max_connections) {
    ++figures_.refused_full;
    say_and_forget(socket.get(),
                   to_line(error_reply("too many control connections",
                                       "close one (escctl stats --watch holds one)")));
    return;
  }
  auto peer = std::make_unique<Peer>(Peer{{std::move(socket), limits_.max_line_bytes}});
  epoll_event event{};
  event.events = peer->interest = EPOLLIN;
  event.data.ptr = peer.get();
  peers_.push_back(std::move(peer));
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, peers_.back()->connection.fd(), &event) != 0) {
    peers_.pop_back();
    ++figures_.refused_full;
    return;
  }
  ++figures_.accepted;
}

void ControlServer::Impl::serve(Peer& peer) noexcept {
  bool keep = false;
  try {
    keep = serve_or_fail(peer.connection) && watch(peer);
  } catch (...) {  // out of memory: this peer goes, the appliance stays
  }
  if (!keep) drop(peer);
}

bool ControlServer::Impl::serve_or_fail(LineConnection& connection) {
  using Io = LineConnection::Io;
  if (!connection.ended() && !connection.has_line() && connection.receive() == Io::kBroken) {
    return false;
  }
  if (!answer_some(connection) || connection.flush() == Io::kBroken) return false;
  return !connection.done();
}

// False: the peer is to be dropped. What is unread is judged before a reply is added to it, so that
// one reply may be longer than what a slow reader may leave.
bool ControlServer::Impl::answer_some(LineConnection& connection) {
  for (std::size_t i = 0; i < limits_.max_requests_per_turn; ++i) {
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
    connection.queue(reply_to(*line));
  }
  return true;
}

std::string ControlServer::Impl::reply_to(std::string_view line) {
  std::string reply = answer(line, handler_);
  if (reply.size() <= limits_.max_reply_bytes) return reply;
  return to_line(error_reply("the reply has " + std::to_string(reply.size()) + " bytes, and " +
                                 std::to_string(limits_.max_reply_bytes) + " are the most",
                             "ask for less; topics has a line for each route"));
}

// A line that waits for its turn needs no more input, only another turn: a writable socket gives
// it.
bool ControlServer::Impl::watch(Peer& peer) const noexcept {
  const LineConnection& connection = peer.connection;
  const bool waiting = connection.has_line();
  epoll_event event{};
  if (!connection.ended() && !waiting) event.events |= EPOLLIN;
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

ControlServer::ControlServer(std::string socket_path, Handler handler, ControlServerLimits limits)
    : impl_(std::make_unique<Impl>(std::move(socket_path), std::move(handler), limits)) {}

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
