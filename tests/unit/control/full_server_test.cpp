// SPDX-License-Identifier: BSD-3-Clause
// Which connection gets a place when all places of the control socket are taken. The test sets the
// clock.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>

#include <array>
#include <string>
#include <vector>

#include "control/control_server.hpp"
#include "scratch.hpp"

namespace esc::control {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using std::chrono::milliseconds;
using testing::connect_to;
using testing::receive_now;
using testing::send_all;

const std::string kEcho = R"({"command":"echo"})";
const std::string kHealth = R"({"command":"health"})";
const std::string kFill = R"({"command":"fill"})";
constexpr const char* kEchoed = "{\"ok\":true,\"protocol\":2,\"result\":1}\n";
constexpr const char* kHealthy = "{\"ok\":true,\"protocol\":2,\"result\":\"healthy\"}\n";

// The answer to "fill" is more than a socket takes at once.
ordered_json answers_health(const json& request) {
  if (request["command"] == "health") return ok_reply("healthy");
  if (request["command"] == "fill") return ok_reply(std::string(3'000'000, 'x'));
  return ok_reply(1);
}

class FullServer : public ::testing::Test {
 protected:
  ControlServer make(ControlServerLimits limits) {
    return ControlServer(path_, answers_health, std::move(limits), [this] { return now_; });
  }
  static void serve(ControlServer& server) {
    pollfd waiting{.fd = server.poll_fd(), .events = POLLIN, .revents = 0};
    for (int calls = 0; ::poll(&waiting, 1, 0) > 0; ++calls) {
      ASSERT_LT(calls, 10'000) << "poll_fd() never rests";
      server.serve_ready();
    }
  }
  FileDescriptor let_in(ControlServer& server) {
    auto client = connect_to(path_);
    serve(server);
    return client;
  }
  static std::string ask(ControlServer& server, const FileDescriptor& client,
                         const std::string& line) {
    send_all(client, line + "\n");
    serve(server);
    return receive_now(client);
  }
  static bool is_closed(const FileDescriptor& client) {
    bool closed = false;
    (void)receive_now(client, &closed);
    return closed;
  }

  testing::Scratch scratch_;
  const std::string path_ = scratch_.socket();
  std::chrono::steady_clock::time_point now_{};
};

TEST_F(FullServer, TheOneThatIsIdleTheLongestGivesWay) {
  ControlServer server = make({.max_connections = 3});
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(let_in(server));
    now_ += milliseconds(1);
  }
  EXPECT_EQ(ask(server, clients[0], kEcho), kEchoed);
  const auto newcomer = let_in(server);
  EXPECT_EQ(ask(server, newcomer, kEcho), kEchoed);
  bool closed = false;
  const json said = json::parse(receive_now(clients[1], &closed));
  EXPECT_EQ(said["error"], "this control connection was idle, and its place was wanted");
  EXPECT_EQ(said["fix"], "connect again");
  EXPECT_TRUE(closed);
  EXPECT_EQ(ask(server, clients[0], kEcho), kEchoed);
  EXPECT_EQ(ask(server, clients[2], kEcho), kEchoed);
  EXPECT_EQ(server.connections(), 3U);
  EXPECT_EQ(server.figures().gave_way, 1U);
  EXPECT_EQ(server.figures().accepted, 4U);
  EXPECT_EQ(server.figures().refused_full, 0U);
}

TEST_F(FullServer, HalfALineKeepsNoPlace) {
  ControlServer server = make({.max_connections = 2});
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(let_in(server));
    now_ += milliseconds(1);
  }
  for (int i = 0; i < 10; ++i) {  // single bytes do not keep a connection from being idle
    send_all(clients[0], "{");
    serve(server);
    now_ += milliseconds(1);
  }
  const auto newcomer = let_in(server);
  EXPECT_EQ(ask(server, newcomer, kEcho), kEchoed);
  EXPECT_TRUE(is_closed(clients[0]));
  EXPECT_FALSE(is_closed(clients[1]));
}

TEST_F(FullServer, ARequestThatWasSentKeepsItsPlace) {
  ControlServer server = make({.max_connections = 2});
  const auto asks = let_in(server);
  now_ += milliseconds(1);
  const auto idle = let_in(server);
  now_ += milliseconds(1);
  const auto newcomer = connect_to(path_);
  send_all(asks, kEcho + "\n");  // it came before the other, but is not idle
  serve(server);
  EXPECT_EQ(receive_now(asks), kEchoed);
  EXPECT_TRUE(is_closed(idle));
  EXPECT_EQ(ask(server, newcomer, kEcho), kEchoed);
}

TEST_F(FullServer, TheProcessWithTheMostConnectionsGivesOneUp) {
  ControlServer server = make({.max_connections = 4});
  std::array<int, 2> to_child{};
  std::array<int, 2> from_child{};
  ASSERT_EQ(::pipe(to_child.data()), 0);
  ASSERT_EQ(::pipe(from_child.data()), 0);
  char byte = 0;
  const pid_t child = ::fork();
  if (child == 0) {  // connects first, and sends nothing until it is told to
    const auto client = connect_to(path_);
    (void)!::write(from_child[1], "c", 1);
    (void)!::read(to_child[0], &byte, 1);
    bool kept = true;
    send_all(client, kEcho + "\n");
    (void)!::write(from_child[1], "s", 1);
    std::array<char, 100> answer{};
    kept = ::recv(client.get(), answer.data(), answer.size(), 0) > 0 &&
           std::string(answer.data()) == kEchoed;
    ::_exit(kept ? 0 : 1);
  }
  ASSERT_EQ(::read(from_child[0], &byte, 1), 1);
  serve(server);
  std::vector<FileDescriptor> ours;
  for (int i = 0; i < 50; ++i) {
    now_ += milliseconds(1);
    ours.push_back(let_in(server));
  }
  EXPECT_EQ(server.figures().gave_way, 47U);
  ASSERT_EQ(::write(to_child[1], "g", 1), 1);
  ASSERT_EQ(::read(from_child[0], &byte, 1), 1);
  serve(server);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "the other process lost its only connection";
  for (const int fd : {to_child[0], to_child[1], from_child[0], from_child[1]}) ::close(fd);
}

TEST_F(FullServer, WhenNobodyIsIdleHealthIsAnsweredAllTheSame) {
  ControlServer server = make({.max_connections = 2});
  std::vector<FileDescriptor> busy;
  for (int i = 0; i < 2; ++i) {
    busy.push_back(let_in(server));
    send_all(busy.back(), kFill + "\n");
    serve(server);
  }
  const auto refused = let_in(server);
  EXPECT_EQ(json::parse(ask(server, refused, kEcho))["error"],
            "too many control connections, all in the middle of an answer");
  EXPECT_TRUE(is_closed(refused));
  EXPECT_EQ(server.figures().refused_full, 1U);
  const auto probe = let_in(server);
  EXPECT_EQ(ask(server, probe, kHealth), kHealthy);
  EXPECT_TRUE(is_closed(probe));
  EXPECT_EQ(server.connections(), 2U);
  // A peer that reads nothing for 10 seconds counts as idle too.
  now_ += milliseconds(9'999);
  EXPECT_NE(ask(server, let_in(server), kEcho), kEchoed);
  now_ += milliseconds(1);
  EXPECT_EQ(ask(server, let_in(server), kEcho), kEchoed);
  EXPECT_EQ(server.figures().gave_way, 1U);
}

TEST_F(FullServer, ReservedPlacesAreKeptByNobody) {
  ControlServer server = make({.max_connections = 1, .reserved_connections = 2});
  const auto busy = let_in(server);
  send_all(busy, kFill + "\n");
  serve(server);
  std::vector<FileDescriptor> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(let_in(server));
  EXPECT_EQ(server.connections(), 3U);
  EXPECT_EQ(ask(server, let_in(server), kHealth), kHealthy);
  EXPECT_FALSE(is_closed(silent.back()));
  EXPECT_TRUE(is_closed(silent.front()));
}

TEST_F(FullServer, WhatIsUnreadOfAllTogetherIsBounded) {
  ControlServer server = make({.max_all_unsent_bytes = 4'000'000});
  std::vector<FileDescriptor> busy;
  for (int i = 0; i < 2; ++i) {
    busy.push_back(let_in(server));
    send_all(busy.back(), kFill + "\n");
    serve(server);
  }
  const auto client = let_in(server);
  EXPECT_EQ(json::parse(ask(server, client, kEcho))["error"],
            "too much of what other control connections asked for is unread");
  EXPECT_EQ(ask(server, client, kHealth), kHealthy);
  busy.clear();
  serve(server);
  EXPECT_EQ(ask(server, client, kEcho), kEchoed);
}

TEST_F(FullServer, AThousandConnectionsKeepNobodyOut) {
  ControlServer server = make({});
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 1'000; ++i) {
    now_ += milliseconds(1);
    clients.push_back(connect_to(path_));
    if (i % 3 == 0) send_all(clients.back(), "{\"comm");
    if (i % 50 != 0) continue;
    const auto probe = connect_to(path_);
    EXPECT_EQ(ask(server, probe, kHealth), kHealthy) << i;
    EXPECT_LE(server.connections(), 64U);
  }
}

}  // namespace
}  // namespace esc::control
