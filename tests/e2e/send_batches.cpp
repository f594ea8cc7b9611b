// SPDX-License-Identifier: BSD-3-Clause
// Sends numbered events with the senders of lib/wire, through a socket of the kernel, and says what
// it sent: test_sender.py has an appliance receive them.
//
// send_batches KIND HOST PORT PRODUCER FIRST EVENTS
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "wire/sender.hpp"
#include "wire/stream_sender.hpp"
#include "wire/udp_socket_sink.hpp"

namespace {

using esc::wire::SendResult;

constexpr std::uint32_t kEpoch = 3;
constexpr std::array<std::string_view, 3> kTopics = {"sent/0", "sent/1", "sent/2"};
constexpr std::size_t kMostPayload = 97;

/// What came of it, for standard output.
struct Said {
  std::uint64_t datagrams = 0;
  std::uint64_t events = 0;     ///< that are in a datagram that was sent
  std::uint64_t copies = 0;     ///< of them, sent once more
  std::uint64_t discarded = 0;  ///< never sent
};

/// Every `lie`-th datagram is sent, and said to have failed: as when the answer is lost. The next
/// offer, of the same bytes, succeeds.
class Sink {
 public:
  Sink(const std::string& host, const std::string& port, unsigned lie, Said& said)
      : socket_(host, port), lie_(lie), said_(&said) {}

  bool operator()(std::span<const std::uint8_t> datagram) {
    if (!socket_(datagram)) {
      throw std::runtime_error("not sent: errno " + std::to_string(socket_.last_error()));
    }
    ++said_->datagrams;
    lied_ = !lied_ && lie_ != 0 && ++offers_ % lie_ == 0;
    return !lied_;
  }

 private:
  esc::wire::UdpSocketSink socket_;
  unsigned lie_;
  Said* said_;
  unsigned offers_ = 0;
  bool lied_ = false;
};

struct Order {
  std::string host, port;
  std::uint64_t producer, first, events;
};

/// Event n: which topic, and how long.
[[nodiscard]] SendResult send(auto& sender, std::uint64_t number) {
  static constexpr std::array<std::uint8_t, kMostPayload> kZeros{};
  return sender.send(static_cast<std::uint8_t>(number), kTopics[number % kTopics.size()],
                     std::span(kZeros).first(number % kMostPayload));
}

void must(SendResult result) {
  if (result != SendResult::kOk) throw std::runtime_error(std::string(name(result)));
}

/// As a program does that loses nothing: what was not taken is offered again. The datagrams are cut
/// by the sender.
Said plain(const Order& order) {
  Said said;
  esc::wire::Sender sender({.numbering = {order.producer, kEpoch, order.first}},
                           Sink(order.host, order.port, 0, said));
  for (std::uint64_t i = 0; i < order.events; ++i) must(send(sender, order.first + i));
  must(sender.flush());
  said.events = order.events;
  return said;
}

/// Batches of 1 to 10 events. Of four, one is sent again and one is given up; and of four datagrams
/// one is said to have failed, and offered again.
Said troubled(const Order& order) {
  Said said;
  esc::wire::Sender sender({.numbering = {order.producer, kEpoch, order.first}},
                           Sink(order.host, order.port, 4, said));
  std::uint64_t batch = 0;
  for (std::uint64_t i = 0; i < order.events; ++batch) {
    const std::uint64_t size = std::min(batch % 10 + 1, order.events - i);
    for (std::uint64_t k = 0; k < size; ++k) must(send(sender, order.first + i + k));
    i += size;
    if (batch % 4 == 2 && i < order.events) {
      sender.discard();
      said.discarded += size;
      continue;
    }
    if (sender.flush() != SendResult::kOk) {
      must(sender.flush());
      said.copies += size;
    }
    if (batch % 4 == 1) {
      said.copies += size;
      if (sender.resend() != SendResult::kOk) {
        must(sender.resend());
        said.copies += size;
      }
    }
    said.events += size;
  }
  return said;
}

/// The stream's sender: each datagram is a connection of its own, which begins with a session frame
/// without a count. One of three breaks, and its block goes over the next one.
Said blocks(const Order& order) {
  Said said;
  esc::wire::StreamSender sender(
      {.numbering = {order.producer, kEpoch, order.first}, .block_bytes = 1452},
      Sink(order.host, order.port, 3, said));
  constexpr std::uint64_t kBlock = 9;
  for (std::uint64_t i = 0; i < order.events;) {
    sender.begin_connection();
    const std::uint64_t size = std::min(kBlock, order.events - i);
    for (std::uint64_t k = 0; k < size; ++k) must(send(sender, order.first + i + k));
    if (sender.flush() != SendResult::kOk) {
      sender.begin_connection();
      must(sender.flush());
      said.copies += size;
    }
    said.events += size;
    i += size;
  }
  return said;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  try {
    const std::string_view kind = argv[1];
    const Order order{argv[2], argv[3], std::stoull(argv[4]), std::stoull(argv[5]),
                      std::stoull(argv[6])};
    const Said said = kind == "plain"      ? plain(order)
                      : kind == "troubled" ? troubled(order)
                      : kind == "blocks"   ? blocks(order)
                                           : throw std::invalid_argument("no such kind");
    std::printf(R"({"datagrams": %llu, "events": %llu, "copies": %llu, "discarded": %llu})",
                static_cast<unsigned long long>(said.datagrams),
                static_cast<unsigned long long>(said.events),
                static_cast<unsigned long long>(said.copies),
                static_cast<unsigned long long>(said.discarded));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "send_batches: %s\n", error.what());
    return 1;
  }
}
