// SPDX-License-Identifier: BSD-3-Clause
// Answers that come later: clients that wait for one are answered in order, and hold no other
// client up.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <optional>
#include <string>

#include "control/control_server.hpp"
#include "scratch.hpp"

namespace esc::control {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using testing::connect_to;
using testing::receive_now;
using testing::send_all;

constexpr const char* kLater = "{\"command\":\"later\"}\n";
constexpr const char* kNow = "{\"command\":\"now\"}\n";
const std::string kNowReply = "{\"ok\":true,\"protocol\":2,\"result\":\"now\"}\n";
const std::string kLaterReply = "{\"ok\":true,\"protocol\":2,\"result\":\"later\"}\n";

class LaterTest : public ::testing::Test {
 protected:
  LaterTest()
      : server_(scratch_.socket(),
                [this](const json& request) -> ordered_json {
                  if (request["command"] == "later") throw Later{++tickets_};
                  return ok_reply("now");
                },
                {.max_line_bytes = 1000}) {}

  void serve_all() {
    for (int calls = 0; calls < 1000; ++calls) {
      pollfd waiting{.fd = server_.poll_fd(), .events = POLLIN, .revents = 0};
      if (::poll(&waiting, 1, 0) <= 0) return;
      server_.serve_ready();
    }
    ADD_FAILURE() << "poll_fd() never rests";
  }
  void settle(std::uint64_t ticket) {
    server_.settle(ticket, to_line(ok_reply("later")));
    serve_all();
  }

  testing::Scratch scratch_;
  std::uint64_t tickets_ = 0;
  ControlServer server_;
};

TEST_F(LaterTest, OthersAreAnsweredMeanwhile) {
  const auto slow = connect_to(scratch_.socket());
  const auto quick = connect_to(scratch_.socket());
  send_all(slow, kLater);
  serve_all();
  for (int i = 0; i < 3; ++i) {
    send_all(quick, kNow);
    serve_all();
    EXPECT_EQ(receive_now(quick), kNowReply);
  }
  EXPECT_EQ(receive_now(slow), "");
  settle(1);
  EXPECT_EQ(receive_now(slow), kLaterReply);
  EXPECT_EQ(server_.connections(), 2U);
}

TEST_F(LaterTest, AnswersKeepTheOrderOfTheirRequests) {
  const auto client = connect_to(scratch_.socket());
  send_all(client, std::string(kNow) + kLater + kNow + kLater + kNow);
  serve_all();
  EXPECT_EQ(receive_now(client), kNowReply);
  EXPECT_EQ(tickets_, 1U);
  settle(1);
  EXPECT_EQ(receive_now(client), kLaterReply + kNowReply);
  settle(2);
  EXPECT_EQ(receive_now(client), kLaterReply + kNowReply);
}

TEST_F(LaterTest, WhoHasFinishedTalkingStillHears) {
  const auto client = connect_to(scratch_.socket());
  send_all(client, kLater);
  ASSERT_EQ(::shutdown(client.get(), SHUT_WR), 0);
  serve_all();
  EXPECT_EQ(server_.connections(), 1U);
  settle(1);
  bool closed = false;
  EXPECT_EQ(receive_now(client, &closed), kLaterReply);
  EXPECT_TRUE(closed);
  EXPECT_EQ(server_.connections(), 0U);
}

TEST_F(LaterTest, WhoIsGoneIsForgotten) {
  std::optional client = connect_to(scratch_.socket());
  send_all(*client, kLater);
  serve_all();
  EXPECT_EQ(server_.connections(), 1U);
  client.reset();
  serve_all();
  EXPECT_EQ(server_.connections(), 0U);
  settle(1);
  settle(77);
}

TEST_F(LaterTest, WhoTalksOnMeanwhileIsBounded) {
  const auto client = connect_to(scratch_.socket());
  send_all(client, std::string(kLater) + std::string(5000, 'x'));
  serve_all();
  settle(1);
  bool closed = false;
  EXPECT_NE(receive_now(client, &closed).find("longer than 1000 bytes"), std::string::npos);
  EXPECT_EQ(server_.figures().dropped_overlong, 1U);
}

}  // namespace
}  // namespace esc::control
