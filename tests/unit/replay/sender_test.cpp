// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/sender.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <map>
#include <numeric>
#include <thread>

#include "esc-replay/error.hpp"
#include "esc-replay/tcp_sink.hpp"
#include "esc-replay/udp_sink.hpp"
#include "fixtures.hpp"

namespace esc::replay {
namespace {

using testing::build_file;
using testing::some_options;
using testing::TemporaryFile;
using Bytes = std::vector<std::uint8_t>;

/// A socket on a loopback port of the kernel's choice.
class Loopback {
 public:
  explicit Loopback(int type) : socket_(AF_INET, type) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t bytes = sizeof address;
    EXPECT_EQ(getsockname(fd(), reinterpret_cast<sockaddr*>(&address), &bytes), 0);
    text_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  [[nodiscard]] int fd() const { return socket_.fd(); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  Socket socket_;
  std::string text_;
};

BuildOptions with_sessions(std::uint64_t packets) {
  BuildOptions options = some_options(packets);
  options.sessions = 3;
  options.frames_per_datagram = "1-3";
  return options;
}

SendOptions passes(std::uint64_t count) {
  SendOptions options;
  options.loop = count;
  return options;
}

/// What three passes must put on the wire, made from the trace by the same rule that the sender
/// follows, but all at once.
std::vector<Bytes> expected_datagrams(Trace trace, int pass_count) {
  std::vector<Bytes> all;
  for (int pass = 0; pass < pass_count; ++pass) {
    if (pass > 0) restamp(trace, 0, trace.units.size());
    for (std::size_t i = 0; i < trace.units.size(); ++i) {
      const auto bytes = trace.unit(i);
      all.emplace_back(bytes.begin(), bytes.end());
    }
  }
  return all;
}

void expect_contiguous(const testing::Sequences& sequences,
                       const std::vector<std::uint64_t>& numbers, std::uint64_t pass_count) {
  ASSERT_EQ(sequences.size(), numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    std::vector<std::uint64_t> expected(numbers[i] * pass_count);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(sequences.at(1 + i), expected);
  }
}

TEST(Sender, UdpSendsExactBytesAndNumbersGoOnOverThreePasses) {
  const TemporaryFile file;
  const auto built = build_file(with_sessions(30), file.path());
  Trace trace = load_trace(file.path(), Cargo::kDatagrams, 9001);
  const std::vector<Bytes> expected = expected_datagrams(trace, 3);

  const Loopback receiver(SOCK_DGRAM);
  UdpSink sink(receiver.text());
  const std::atomic<bool> stop{false};
  const SendResult result = send_trace(trace, sink, passes(3), stop, {});
  EXPECT_EQ(result.counts.units, 90u);
  EXPECT_EQ(result.counts.passes, 3u);
  EXPECT_EQ(result.counts.sessions, 90u);
  EXPECT_EQ(result.counts.frames, 3 * built.built.tally.ledger().frames.received);
  EXPECT_EQ(sink.error_count(), 0u);

  // Loopback delivers before sendmmsg returns, and 90 small datagrams fit the default buffer.
  testing::Sequences sequences;
  std::uint64_t received_bytes = 0;
  for (const Bytes& datagram : expected) {
    Bytes buffer(65536);
    const ssize_t got = recv(receiver.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    ASSERT_GT(got, 0);
    buffer.resize(static_cast<std::size_t>(got));
    EXPECT_EQ(buffer, datagram);
    received_bytes += buffer.size();
    testing::collect_sequences(buffer, sequences);
  }
  EXPECT_EQ(received_bytes, result.counts.bytes);
  char none = 0;
  EXPECT_LT(recv(receiver.fd(), &none, 1, MSG_DONTWAIT), 0);
  expect_contiguous(sequences, built.built.facts.numbers, 3);
}

TEST(Sender, ThatNobodyListensIsHeardOfTheLastDatagramToo) {
  const TemporaryFile file;
  (void)build_file(with_sessions(1), file.path());
  Trace trace = load_trace(file.path(), Cargo::kDatagrams, 9001);
  std::string nobody;
  {
    const Loopback closed(SOCK_DGRAM);
    nobody = closed.text();
  }
  UdpSink sink(nobody);
  const std::atomic<bool> stop{false};
  EXPECT_EQ(send_trace(trace, sink, passes(1), stop, {}).counts.units, 1u);
  EXPECT_EQ(sink.errors(), (std::map<int, std::uint64_t>{{ECONNREFUSED, 1}}));
}

TEST(Sender, AReceiverThatHangsUpWithoutReadingIsAnError) {
  const TemporaryFile file;
  (void)build_file(with_sessions(100), file.path());
  Trace trace = load_trace(file.path(), Cargo::kStream, 9001);
  const Loopback listener(SOCK_STREAM);
  ASSERT_EQ(listen(listener.fd(), 1), 0);
  TcpSink sink(listener.text());
  std::size_t offered = 0;
  while (offered < trace.units.size())
    offered += sink.offer(trace, offered, trace.units.size()).sent;
  close(accept(listener.fd(), nullptr, nullptr));  // with all of it unread: a reset
  (void)sink.finish(trace);
  EXPECT_EQ(sink.errors(), (std::map<int, std::uint64_t>{{ECONNRESET, 1}}));
}

TEST(Sender, TcpSendsTheWholeStreamAndCloses) {
  const TemporaryFile file;
  const auto built = build_file(with_sessions(2000), file.path());
  Trace trace = load_trace(file.path(), Cargo::kStream, 9001);
  Bytes expected;
  for (const Bytes& unit : expected_datagrams(trace, 3))
    expected.insert(expected.end(), unit.begin(), unit.end());

  const Loopback listener(SOCK_STREAM);
  ASSERT_EQ(listen(listener.fd(), 1), 0);
  Bytes received;
  std::thread reader([&] {
    const int fd = accept(listener.fd(), nullptr, nullptr);
    Bytes buffer(4096);
    for (ssize_t got = 0; (got = recv(fd, buffer.data(), buffer.size(), 0)) > 0;) {
      received.insert(received.end(), buffer.begin(), buffer.begin() + got);
    }
    close(fd);
  });
  SendResult result;
  {
    TcpSink sink(listener.text());
    const std::atomic<bool> stop{false};
    result = send_trace(trace, sink, passes(3), stop, {});
  }
  reader.join();
  EXPECT_EQ(received, expected);
  EXPECT_EQ(result.counts.units, 6000u);
  EXPECT_EQ(result.counts.bytes, expected.size());
  EXPECT_EQ(result.counts.frames, 3 * built.built.tally.ledger().frames.received);
}

/// Takes as much of each offer as the script says, and records what it took.
class ScriptedSink final : public Sink {
 public:
  explicit ScriptedSink(std::vector<Outcome> script) : script_(std::move(script)) {}
  [[nodiscard]] std::size_t batch() const noexcept override { return 7; }
  [[nodiscard]] Outcome offer(const Trace& trace, std::size_t begin, std::size_t end) override {
    Outcome outcome = script_[offers_++ % script_.size()];
    outcome.sent = std::min(outcome.sent, end - begin);
    outcome.failed = std::min(outcome.failed, end - begin - outcome.sent);
    for (std::size_t i = begin; i < begin + outcome.sent; ++i)
      testing::collect_sequences(trace.unit(i), sequences);
    if (stop_at_offer != 0 && offers_ >= stop_at_offer) stop.store(true);
    return outcome;
  }
  void wait() override { ++waits; }
  [[nodiscard]] std::size_t finish(const Trace&) override { return 0; }

  testing::Sequences sequences;
  std::size_t waits = 0;
  std::size_t stop_at_offer = 0;
  std::atomic<bool> stop{false};

 private:
  std::vector<Outcome> script_;
  std::size_t offers_ = 0;
};

TEST(Sender, PartialOffersStampEachUnitOncePerPass) {
  const TemporaryFile file;
  const auto built = build_file(with_sessions(100), file.path());
  Trace trace = load_trace(file.path(), Cargo::kDatagrams, 9001);
  ScriptedSink sink({{.sent = 3}, {}, {.sent = 7}, {.sent = 1}, {}});
  const SendResult result = send_trace(trace, sink, passes(3), sink.stop, {});
  EXPECT_EQ(result.counts.units, 300u);
  EXPECT_GT(sink.waits, 0u);
  expect_contiguous(sink.sequences, built.built.facts.numbers, 3);
}

TEST(Sender, UnitsRefusedForGoodAreCountedAndPassedOver) {
  const TemporaryFile file;
  build_file(some_options(100), file.path());
  Trace trace = load_trace(file.path(), Cargo::kDatagrams, 9001);
  ScriptedSink sink(std::vector<Outcome>{{.sent = 3, .failed = 1}});
  const SendResult result = send_trace(trace, sink, passes(1), sink.stop, {});
  EXPECT_EQ(result.counts.units, 75u);
  EXPECT_EQ(result.counts.failed, 25u);
  EXPECT_EQ(result.counts.frames, 75u);
}

TEST(Sender, StopEndsAnEndlessRunWithTheCountsSoFar) {
  const TemporaryFile file;
  build_file(some_options(100), file.path());
  Trace trace = load_trace(file.path(), Cargo::kDatagrams, 9001);
  ScriptedSink sink(std::vector<Outcome>{{.sent = 7}});
  sink.stop_at_offer = 40;
  SendOptions options;
  options.duration = 3600;
  const SendResult result = send_trace(trace, sink, options, sink.stop, {});
  EXPECT_TRUE(result.stopped);
  // A pass of 100 is 14 offers of 7 and one of 2. These are two passes and ten offers.
  EXPECT_EQ(result.counts.passes, 2u);
  EXPECT_EQ(result.counts.units, 270u);
}

TEST(Sender, OpenLoopSendsEverythingAndTellsLateness) {
  const TemporaryFile file;
  build_file(some_options(50), file.path());
  Trace trace = load_trace(file.path(), Cargo::kDatagrams, 9001);
  ScriptedSink sink(std::vector<Outcome>{{.sent = 7}});
  SendOptions options = passes(1);
  options.pps = 20000;
  const SendResult result = send_trace(trace, sink, options, sink.stop, {});
  EXPECT_EQ(result.counts.units, 50u);
  EXPECT_EQ(result.lateness.units, 50u);
  EXPECT_GE(result.seconds, 49.0 / 20000);
}

TEST(NetAddress, RefusesWhatIsNoHostAndPort) {
  for (const char* text :
       {"", "host", "host:", ":5", "host:0", "host:65536", "host:9x", "::1:9001", "host:-1"}) {
    try {
      static_cast<void>(resolve("--udp", text, SOCK_DGRAM));
      FAIL() << "took '" << text << "'";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kUsage) << text;
    }
  }
  EXPECT_EQ(resolve("--udp", "[::1]:9001", SOCK_DGRAM).family, AF_INET6);
  EXPECT_EQ(resolve("--udp", "127.0.0.1:9001", SOCK_DGRAM).family, AF_INET);
}

}  // namespace
}  // namespace esc::replay
