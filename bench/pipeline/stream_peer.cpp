// SPDX-License-Identifier: BSD-3-Clause
// The two ends beside which tools/bench --tcp measures escd: a sender of streams, and a receiver
// that does the least that one can do with them: it counts frames.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pcap/pcap.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/file_descriptor.hpp"
#include "wire/byte_order.hpp"

namespace {

using esc::FileDescriptor;

constexpr std::size_t kHeaderBytes = 14 + 20 + 8;  // of the bench's traces: Ethernet, IPv4, UDP
constexpr std::size_t kReadBytes = 65'536;
constexpr std::size_t kStreamBytes = 16 << 20;  // at most, of the trace

std::atomic<bool> stop{false};

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// The frames of the trace's datagrams, one after the other.
std::vector<std::uint8_t> frames_of(const std::string& trace) {
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  pcap_t* const file = pcap_open_offline(trace.c_str(), error.data());
  if (file == nullptr) throw std::runtime_error(error.data());
  std::vector<std::uint8_t> stream;
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  while (stream.size() < kStreamBytes && pcap_next_ex(file, &header, &bytes) == 1) {
    if (header->caplen <= kHeaderBytes) continue;
    stream.insert(stream.end(), bytes + kHeaderBytes, bytes + header->caplen);
  }
  pcap_close(file);
  if (stream.empty()) throw std::runtime_error(trace + " has no datagrams");
  return stream;
}

FileDescriptor connect_to(std::uint16_t port) {
  const sockaddr_in to = loopback(port);
  for (int tries = 0; tries < 600; ++tries) {
    FileDescriptor one(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(one.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return one;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  fail("connect");
}

struct Out {
  FileDescriptor socket;
  std::size_t at = 0;  ///< in the stream
};

/// Sends the stream over and over on every connection, in writes as large as the kernel takes. At
/// the end each one ends with a whole stream, and so with a whole frame.
void send_all(std::uint16_t port, std::size_t connections, const std::string& trace) {
  const std::vector<std::uint8_t> stream = frames_of(trace);
  const FileDescriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  std::vector<Out> outs(connections);
  for (std::size_t i = 0; i < connections; ++i) {
    outs[i].socket = connect_to(port);
    ::fcntl(outs[i].socket.get(), F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLOUT;
    event.data.u64 = i;
    ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, outs[i].socket.get(), &event);
  }
  std::size_t open = connections;
  std::array<epoll_event, 64> events{};
  while (open != 0) {
    const int ready = ::epoll_wait(epoll.get(), events.data(), events.size(), 100);
    for (int i = 0; i < ready; ++i) {
      Out& out = outs[events[static_cast<std::size_t>(i)].data.u64];
      constexpr std::size_t kWriteBytes = 1 << 18;
      const std::size_t some = std::min(kWriteBytes, stream.size() - out.at);
      const ssize_t sent = ::send(out.socket.get(), stream.data() + out.at, some, MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) fail("send");
      out.at += sent > 0 ? static_cast<std::size_t>(sent) : 0;
      if (out.at != stream.size()) continue;
      out.at = 0;
      if (!stop.load()) continue;
      out.socket.reset();
      --open;
    }
  }
}

/// Bytes of a connection that belong to a frame which has not ended.
struct In {
  FileDescriptor socket;
  std::vector<std::uint8_t> rest;
};

/// How many frames end in `bytes`, and how many bytes they have.
std::pair<std::uint64_t, std::size_t> count_frames(std::span<const std::uint8_t> bytes) {
  std::uint64_t frames = 0;
  std::size_t at = 0;
  while (bytes.size() - at >= 4) {
    const std::size_t whole = 4 + std::size_t{esc::wire::load_be32(bytes.data() + at)};
    if (bytes.size() - at < whole) break;
    at += whole;
    ++frames;
  }
  return {frames, at};
}

/// Receives on all connections, 64 KiB a read, and writes the number of frames into `counter`.
void receive_all(std::uint16_t port, volatile std::uint64_t* counter) {
  const FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in at = loopback(port);
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
      ::listen(listener.get(), 1024) != 0) {
    fail("listen");
  }
  const FileDescriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, listener.get(), &event);
  std::vector<std::uint8_t> buffer(2 * kReadBytes);
  std::array<epoll_event, 64> events{};
  std::uint64_t frames = 0;
  while (!stop.load()) {
    const int ready = ::epoll_wait(epoll.get(), events.data(), events.size(), 100);
    for (int i = 0; i < ready; ++i) {
      auto* const in = static_cast<In*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (in == nullptr) {
        auto* const fresh = new In;
        fresh->socket = FileDescriptor(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK));
        event.data.ptr = fresh;
        ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fresh->socket.get(), &event);
        continue;
      }
      std::copy(in->rest.begin(), in->rest.end(), buffer.begin());
      const std::size_t had = in->rest.size();
      const ssize_t got = ::recv(in->socket.get(), buffer.data() + had, kReadBytes, 0);
      if (got == 0) delete in;
      if (got <= 0) continue;
      const auto bytes = std::span(buffer).first(had + static_cast<std::size_t>(got));
      const auto [ended, used] = count_frames(bytes);
      frames += ended;
      in->rest.assign(bytes.begin() + static_cast<std::ptrdiff_t>(used), bytes.end());
    }
    *counter = frames;
  }
}

volatile std::uint64_t* map_counter(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.valid() || ::ftruncate(file.get(), sizeof(std::uint64_t)) != 0) fail(path);
  void* const place =
      ::mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (place == MAP_FAILED) fail(path);
  return static_cast<std::uint64_t*>(place);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Sends or receives streams on loopback, until SIGTERM; for tools/bench");
  std::uint16_t port = 0;
  std::size_t connections = 1;
  std::string trace;
  std::string counter;
  app.require_subcommand(1);
  CLI::App* const send = app.add_subcommand("send", "send the frames of a bench's trace");
  send->add_option("--port", port)->required();
  send->add_option("--connections", connections)->check(CLI::Range(1, 10'000));
  send->add_option("--trace", trace)->required();
  CLI::App* const receive = app.add_subcommand("receive", "count frames");
  receive->add_option("--port", port)->required();
  receive->add_option("--counter", counter, "file with their number, 8 bytes")->required();
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGTERM, [](int) { stop.store(true); });
  try {
    if (send->parsed()) {
      send_all(port, connections, trace);
    } else {
      receive_all(port, map_counter(counter));
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stream-peer: %s\n", error.what());
    return 1;
  }
  return 0;
}
