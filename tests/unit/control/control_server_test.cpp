// SPDX-License-Identifier: BSD-3-Clause
#include "control/control_server.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <string>
#include <vector>

#include "scratch.hpp"

namespace esc::control {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using testing::connect_to;
using testing::receive_now;
using testing::send_all;

// "echo" answers with its text, "fill" with as many bytes as the request asks for.
ordered_json handler(const json& request) {
  if (request["command"] == "echo") return ok_reply(request.at("text"));
  if (request["command"] == "fill") return ok_reply(std::string(request.at("bytes"), 'x'));
  throw Refusal("unknown command", "use echo");
}

class ControlServerTest : public ::testing::Test {
 protected:
  static bool ready(const ControlServer& server) {
    pollfd waiting{.fd = server.poll_fd(), .events = POLLIN, .revents = 0};
    return ::poll(&waiting, 1, 0) > 0;
  }
  // Serves as the main loop does, until there is nothing to do. Returns the number of calls.
  static void serve_without_descriptors(ControlServer& server, const FileDescriptor& client);
  static int serve_all(ControlServer& server) {
    int calls = 0;
    while (ready(server) && calls < 10'000) {
      server.serve_ready();
      ++calls;
    }
    EXPECT_FALSE(ready(server)) << "poll_fd() never rests";
    return calls;
  }
  std::string ask(ControlServer& server, const FileDescriptor& client, const std::string& line) {
    send_all(client, line + "\n");
    serve_all(server);
    return receive_now(client);
  }

  testing::Scratch scratch_;
  const std::string path_ = scratch_.socket();
};

TEST_F(ControlServerTest, AnswersCommands) {
  ControlServer server(path_, handler);
  EXPECT_EQ(server.socket_path(), path_);
  const auto client = connect_to(path_);
  EXPECT_EQ(ask(server, client, R"({"command":"echo","text":"hi"})"),
            "{\"ok\":true,\"protocol\":2,\"result\":\"hi\"}\n");
  EXPECT_EQ(ask(server, client, R"({"command":"nope"})"),
            "{\"ok\":false,\"protocol\":2,\"error\":\"unknown command\",\"fix\":\"use echo\"}\n");
  EXPECT_EQ(json::parse(ask(server, client, "}{"))["ok"], false);
  EXPECT_EQ(ask(server, client, R"({"command":"echo","text":2})"),
            "{\"ok\":true,\"protocol\":2,\"result\":2}\n");
  EXPECT_EQ(server.figures().requests, 4U);
  EXPECT_EQ(server.figures().accepted, 1U);
}

TEST_F(ControlServerTest, DoesNothingWhenNothingIsThere) {
  ControlServer server(path_, handler);
  EXPECT_FALSE(ready(server));
  server.serve_ready();
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(ControlServerTest, PutsLinesTogetherFromPieces) {
  ControlServer server(path_, handler);
  const auto client = connect_to(path_);
  const std::string line = R"({"command":"echo","text":"abc"})"
                           "\n";
  for (const char byte : line) {
    EXPECT_EQ(receive_now(client), "");
    send_all(client, std::string(1, byte));
    serve_all(server);
  }
  EXPECT_EQ(receive_now(client), "{\"ok\":true,\"protocol\":2,\"result\":\"abc\"}\n");
}

TEST_F(ControlServerTest, AnswersManyLinesInOneWriteInTurns) {
  ControlServer server(path_, handler, {.max_requests_per_turn = 2});
  const auto client = connect_to(path_);
  std::string lines;
  std::string expected;
  for (int i = 0; i < 21; ++i) {
    lines += R"({"command":"echo","text":)" + std::to_string(i) + "}\n";
    expected += "{\"ok\":true,\"protocol\":2,\"result\":" + std::to_string(i) + "}\n";
  }
  server.serve_ready();  // lets the client in
  send_all(client, lines);
  server.serve_ready();
  EXPECT_EQ(server.figures().requests, 2U);
  EXPECT_TRUE(ready(server));
  EXPECT_EQ(serve_all(server), 10);
  EXPECT_EQ(receive_now(client), expected);
}

TEST_F(ControlServerTest, AnswersWhoHasFinishedTalking) {
  ControlServer server(path_, handler);
  const auto client = connect_to(path_);
  for (int i = 0; i < 5; ++i) send_all(client, "{\"command\":\"echo\",\"text\":1}\n");
  send_all(client, "half a li");
  ASSERT_EQ(::shutdown(client.get(), SHUT_WR), 0);
  serve_all(server);
  bool closed = false;
  std::string expected;
  for (int i = 0; i < 5; ++i) expected += "{\"ok\":true,\"protocol\":2,\"result\":1}\n";
  EXPECT_EQ(receive_now(client, &closed), expected);
  EXPECT_TRUE(closed);
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(ControlServerTest, ForgetsWhoHasGone) {
  ControlServer server(path_, handler);
  auto client = connect_to(path_);
  serve_all(server);
  EXPECT_EQ(server.connections(), 1U);
  send_all(client, "{\"command\":\"fill\",\"bytes\":2000000}\n");
  client.reset();
  serve_all(server);
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(ControlServerTest, ForgetsWhoHasGoneThoughAChildHoldsTheSocket) {
  ControlServer server(path_, handler);
  auto client = connect_to(path_);
  serve_all(server);
  int start[2];
  int stop[2];
  ASSERT_EQ(::pipe(start), 0);
  ASSERT_EQ(::pipe(stop), 0);
  const pid_t child = ::fork();
  char byte = 0;
  if (child == 0) {
    ::close(stop[1]);
    client.reset();
    (void)!::write(start[1], "x", 1);
    (void)!::read(stop[0], &byte, 1);
    ::_exit(0);
  }
  ASSERT_EQ(::read(start[0], &byte, 1), 1);
  client.reset();
  serve_all(server);
  EXPECT_EQ(server.connections(), 0U);
  for (const int fd : {start[0], start[1], stop[0], stop[1]}) ::close(fd);
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST_F(ControlServerTest, ALineMayHaveTheLimitAndNoMore) {
  ControlServer server(path_, handler, {.max_line_bytes = 100});
  const auto line = [](std::size_t bytes) {
    const std::string frame = R"({"command":"echo","text":""})";
    return R"({"command":"echo","text":")" + std::string(bytes - frame.size(), 'x') + "\"}";
  };
  const auto fits = connect_to(path_);
  EXPECT_EQ(json::parse(ask(server, fits, line(100)))["result"].get<std::string>().size(), 72U);

  bool closed = false;
  send_all(fits, line(101) + "\n");
  serve_all(server);
  EXPECT_EQ(receive_now(fits, &closed),
            "{\"ok\":false,\"protocol\":2,\"error\":\"the request is longer than 100 bytes\"}\n");
  EXPECT_TRUE(closed);

  const auto endless = connect_to(path_);
  send_all(endless, std::string(101, '{'));
  serve_all(server);
  EXPECT_EQ(receive_now(endless, &closed),
            "{\"ok\":false,\"protocol\":2,\"error\":\"the request is longer than 100 bytes\"}\n");
  EXPECT_TRUE(closed);
  EXPECT_EQ(server.figures().dropped_overlong, 2U);
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(ControlServerTest, TheUsualLineLimitIs64KiB) {
  ControlServer server(path_, handler);
  const auto client = connect_to(path_);
  serve_all(server);
  const std::string text(65'536 - 28, 'x');
  EXPECT_EQ(ask(server, client, R"({"command":"echo","text":")" + text + "\"}"),
            "{\"ok\":true,\"protocol\":2,\"result\":\"" + text + "\"}\n");
  const auto longer = connect_to(path_);
  serve_all(server);
  send_all(longer, R"({"command":"echo","text":")" + text + "x\"}\n");
  serve_all(server);
  EXPECT_EQ(receive_now(longer),
            "{\"ok\":false,\"protocol\":2,\"error\":\"the request is longer than 65536 bytes\"}\n");
}

TEST_F(ControlServerTest, DropsASlowReaderAndServesTheOthers) {
  ControlServer server(path_, handler, {.max_unsent_bytes = 1'000'000});
  const auto slow = connect_to(path_);
  const auto other = connect_to(path_);
  for (int i = 0; i < 20 && server.figures().dropped_slow == 0; ++i) {
    send_all(slow, "{\"command\":\"fill\",\"bytes\":300000}\n");
    serve_all(server);
    EXPECT_EQ(ask(server, other, R"({"command":"echo","text":1})"),
              "{\"ok\":true,\"protocol\":2,\"result\":1}\n");
  }
  EXPECT_EQ(server.figures().dropped_slow, 1U);
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(ControlServerTest, AReplyLargerThanTheSocketsBufferArrivesWhole) {
  ControlServer server(path_, handler);
  const auto client = connect_to(path_);
  send_all(client, "{\"command\":\"fill\",\"bytes\":3000000}\n");
  std::string reply;
  for (int i = 0; i < 10'000 && (reply.empty() || reply.back() != '\n'); ++i) {
    serve_all(server);
    reply += receive_now(client);
  }
  EXPECT_EQ(reply,
            "{\"ok\":true,\"protocol\":2,\"result\":\"" + std::string(3'000'000, 'x') + "\"}\n");
}

TEST_F(ControlServerTest, AReplyMayBeLongerThanWhatASlowReaderMayLeave) {
  ControlServer server(path_, handler, {.max_unsent_bytes = 1'000'000});
  const auto client = connect_to(path_);
  for (int round = 0; round < 2; ++round) {
    send_all(client, "{\"command\":\"fill\",\"bytes\":5000000}\n");
    std::string reply;
    for (int i = 0; i < 10'000 && !reply.ends_with('\n'); ++i) {
      serve_all(server);
      reply += receive_now(client);
    }
    EXPECT_EQ(reply,
              "{\"ok\":true,\"protocol\":2,\"result\":\"" + std::string(5'000'000, 'x') + "\"}\n");
  }
  EXPECT_EQ(server.figures().dropped_slow, 0U);
}

TEST_F(ControlServerTest, WhoLeavesALongReplyUnreadIsDroppedAtTheNextRequest) {
  ControlServer server(path_, handler, {.max_unsent_bytes = 1'000'000});
  const auto client = connect_to(path_);
  send_all(client, "{\"command\":\"fill\",\"bytes\":5000000}\n");
  serve_all(server);
  EXPECT_EQ(server.connections(), 1U);
  send_all(client, "{\"command\":\"fill\",\"bytes\":1}\n");
  serve_all(server);
  EXPECT_EQ(server.figures().requests, 1U);
  EXPECT_EQ(server.figures().dropped_slow, 1U);
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(ControlServerTest, AReplyMayHaveTheLimitAndNoMore) {
  ControlServer server(path_, handler, {.max_reply_bytes = 100});
  const auto client = connect_to(path_);
  const std::string frame = "{\"ok\":true,\"protocol\":2,\"result\":\"\"}\n";
  const auto fill = [](std::size_t bytes) {
    return R"({"command":"fill","bytes":)" + std::to_string(bytes) + "}";
  };
  EXPECT_EQ(ask(server, client, fill(100 - frame.size())).size(), 100U);
  EXPECT_EQ(json::parse(ask(server, client, fill(101 - frame.size())))["error"],
            "the reply has 101 bytes, and 100 are the most");
  EXPECT_EQ(ask(server, client, R"({"command":"echo","text":1})"),
            "{\"ok\":true,\"protocol\":2,\"result\":1}\n");
}

TEST_F(ControlServerTest, OneBusyPeerTakesNoMoreThanItsTurn) {
  ControlServer server(path_, handler);
  const auto busy = connect_to(path_);
  const auto other = connect_to(path_);
  serve_all(server);
  std::string lines;
  for (int i = 0; i < 400; ++i) lines += "{\"command\":\"echo\",\"text\":1}\n";
  send_all(busy, lines);
  send_all(other, "{\"command\":\"echo\",\"text\":2}\n");
  server.serve_ready();
  EXPECT_EQ(receive_now(other), "{\"ok\":true,\"protocol\":2,\"result\":2}\n");
  EXPECT_EQ(server.figures().requests, 3U);
}

// The limit leaves no descriptor at or above the number of `client`.
void ControlServerTest::serve_without_descriptors(ControlServer& server,
                                                  const FileDescriptor& client) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = static_cast<rlim_t>(client.get()), .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  serve_all(server);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(ControlServerTest, RestsWhenDescriptorsRunOut) {
  ControlServer server(path_, handler);
  const auto client = connect_to(path_);  // waits to be let in
  // Takes all descriptors below that of `client`, whatever this process was started with.
  std::vector<FileDescriptor> all;
  do {
    all.emplace_back(::dup(client.get()));
  } while (all.back().get() < client.get());
  all.pop_back();
  serve_without_descriptors(server, client);
  all.clear();
  bool closed = false;
  EXPECT_EQ(receive_now(client, &closed), "");
  EXPECT_TRUE(closed);
  EXPECT_EQ(server.figures().refused_full, 1U);
  EXPECT_EQ(ask(server, connect_to(path_), R"({"command":"echo","text":1})"),
            "{\"ok\":true,\"protocol\":2,\"result\":1}\n");
  EXPECT_EQ(server.figures().accepted, 1U);
}

TEST_F(ControlServerTest, WhenDescriptorsRunOutAnIdleConnectionGivesWay) {
  ControlServer server(path_, handler);
  const auto idle = connect_to(path_);
  serve_all(server);
  const auto client = connect_to(path_);  // waits to be let in
  serve_without_descriptors(server, client);
  EXPECT_EQ(ask(server, client, R"({"command":"echo","text":1})"),
            "{\"ok\":true,\"protocol\":2,\"result\":1}\n");
  bool closed = false;
  EXPECT_NE(receive_now(idle, &closed), "");
  EXPECT_TRUE(closed);
}

TEST_F(ControlServerTest, OneInstanceAtATime) {
  auto first = std::make_unique<ControlServer>(path_, handler);
  EXPECT_THROW(ControlServer(path_, handler), StartError);
  serve_all(*first);
  first.reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
  ControlServer second(path_, handler);
  const auto client = connect_to(path_);
  EXPECT_EQ(ask(second, client, R"({"command":"echo","text":1})"),
            "{\"ok\":true,\"protocol\":2,\"result\":1}\n");
}

TEST_F(ControlServerTest, RefusesAnotherUserEvenPastTheFilesModes) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  ControlServer server(path_, handler);
  ASSERT_EQ(::chmod(scratch_.path().c_str(), 0755), 0);
  const auto connects_as_nobody = [&] {
    const pid_t child = ::fork();
    if (child == 0) {
      const bool dropped = ::setgid(65534) == 0 && ::setuid(65534) == 0;
      const auto client = connect_to(path_);
      ::_exit(dropped && client.valid() ? 0 : 1);
    }
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return status == 0;
  };
  EXPECT_FALSE(connects_as_nobody());
  ASSERT_EQ(::chmod(scratch_.folder().c_str(), 0755), 0);
  EXPECT_FALSE(connects_as_nobody());
  ASSERT_EQ(::chmod(path_.c_str(), 0666), 0);
  EXPECT_TRUE(connects_as_nobody());
  serve_all(server);
  EXPECT_EQ(server.figures().refused_user, 1U);
  EXPECT_EQ(server.figures().accepted, 0U);
}

}  // namespace
}  // namespace esc::control
