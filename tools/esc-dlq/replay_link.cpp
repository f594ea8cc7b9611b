// SPDX-License-Identifier: BSD-3-Clause
#include "esc-dlq/replay_link.hpp"

#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <thread>
#include <utility>

#include "base/errno_text.hpp"
#include "base/file_descriptor.hpp"
#include "esc-dlq/replay_error.hpp"
#include "wire/host_port.hpp"
#include "wire/udp_socket_sink.hpp"

namespace esc::dlq_tool {
namespace {

constexpr std::chrono::seconds kLinkPatience(10);
constexpr std::chrono::milliseconds kTriesBetween(1);
// Longer than a round trip on any network over which letters are sent.
constexpr std::chrono::milliseconds kRefusalComes(200);

wire::HostPort target_of(const std::string& text) {
  if (auto target = wire::split_host_port(text)) return *target;
  throw ReplayError("'" + text + "' is not where an appliance can be",
                    std::string(wire::kHostPortFix));
}

class UdpLink : public ReplayLink {
 public:
  explicit UdpLink(const wire::HostPort& target) : sink_(target.host, target.port) {}

  bool send(std::span<const std::uint8_t> datagram) override {
    // The kernel reports the refusal of an earlier datagram instead of sending this one, so it is
    // tried twice.
    if (sink_(datagram) || sink_(datagram)) return true;
    if (sink_.last_error() == EMSGSIZE) return false;
    throw ReplayError(std::string("UDP: sending failed: ") + errno_text(sink_.last_error()),
                      "see whether the appliance can be reached from here");
  }
  void settle(bool long_enough) override {
    sink_.wait_for_refusal(long_enough ? kRefusalComes : std::chrono::milliseconds(0));
  }
  std::uint64_t refused() const noexcept override { return sink_.refused(); }

 private:
  wire::UdpSocketSink sink_;
};

class TcpLink : public ReplayLink {
 public:
  explicit TcpLink(FileDescriptor socket) : socket_(std::move(socket)) {}

  bool send(std::span<const std::uint8_t> datagram) override {
    while (!datagram.empty()) {
      discard_input();
      const ssize_t sent = ::send(socket_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) fail(errno == EAGAIN ? "the appliance takes nothing" : errno_text(errno));
      datagram = datagram.subspan(static_cast<std::size_t>(sent));
    }
    return true;
  }

  void settle(bool /*long_enough*/) override {
    auto moved = std::chrono::steady_clock::now();
    for (int before = INT_MAX;;) {
      discard_input();
      int unsent = 0;
      if (::ioctl(socket_.get(), SIOCOUTQ, &unsent) != 0) fail(errno_text(errno));
      if (unsent == 0) return;
      const auto now = std::chrono::steady_clock::now();
      if (unsent < before) moved = now;
      before = unsent;
      if (now - moved > kLinkPatience) fail("the appliance acknowledges nothing");
      std::this_thread::sleep_for(kTriesBetween);
    }
  }

 private:
  // Reads and drops what comes. Left unread, it would stop the other end, and then us.
  void discard_input() {
    constexpr int kMostReads = 16;
    std::array<char, 4096> buffer;
    for (int i = 0; i < kMostReads; ++i) {
      const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got == 0) fail("the appliance closed the connection");
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got < 0) fail(errno_text(errno));
    }
  }
  [[noreturn]] static void fail(const std::string& what) {
    throw ReplayError("TCP: " + what, "the appliance's own log says why; then run this again");
  }

  FileDescriptor socket_;
};

FileDescriptor connected(const wire::HostPort& target) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const std::string what = target.host + ", TCP port " + target.port + ": ";
  if (const int error = getaddrinfo(target.host.c_str(), target.port.c_str(), &wanted, &list);
      error != 0) {
    throw ReplayError(what + gai_strerror(error), "check the name, or give an address");
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, &freeaddrinfo);
  int error = 0;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    FileDescriptor socket(::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{.tv_sec = kLinkPatience.count(), .tv_usec = 0};
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (socket.valid() && ::connect(socket.get(), one->ai_addr, one->ai_addrlen) == 0)
      return socket;
    error = errno;
  }
  throw ReplayError(what + errno_text(error), "check that the appliance runs and listens there");
}

}  // namespace

std::unique_ptr<ReplayLink> udp_link(const std::string& target) {
  const wire::HostPort parts = target_of(target);
  try {
    return std::make_unique<UdpLink>(parts);
  } catch (const std::system_error& error) {
    throw ReplayError(error.what(), "check the name, or give an address that is routed");
  }
}

std::unique_ptr<ReplayLink> tcp_link(const std::string& target) {
  return std::make_unique<TcpLink>(connected(target_of(target)));
}

}  // namespace esc::dlq_tool
