// SPDX-License-Identifier: BSD-3-Clause
// The client's end of the control socket.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "base/file_descriptor.hpp"

namespace esc::ctl {

/// How long escd may take.
struct AnswerTimeouts {
  std::chrono::milliseconds read{5'000};    ///< for more of an answer, or to take a request
  std::chrono::milliseconds whole{20'000};  ///< for a whole answer, however slowly it comes
  /// Replaces both where escd has to read a file for the answer; escd gives up after 60 s.
  std::chrono::milliseconds file{70'000};
};

/// One connection to one escd. Blocking, within the timeouts.
class Client {
 public:
  /// Connects. Throws Failure(kNotReachable): nobody listens, the user has no right to connect, or
  /// the listener belongs neither to this user nor to root (root may talk to any user's).
  explicit Client(std::string socket_path, AnswerTimeouts timeouts = {});

  /// Connects to the same socket again, after a Failure. Throws as the constructor does.
  void reconnect();

  /// Sends a command, with further members of the request, and returns its "result". Throws
  /// Failure: kRefused with escd's message; kNotReachable if the connection ends, no answer comes
  /// in time, or the answer is not escd's.
  [[nodiscard]] nlohmann::ordered_json request(
      const std::string& command,
      const nlohmann::ordered_json& arguments = nlohmann::ordered_json::object());

 private:
  void connect();
  void send_line(const std::string& line);
  [[nodiscard]] std::string receive_line(std::chrono::milliseconds timeout);
  [[noreturn]] void fail(const std::string& what) const;
  void require_protocol(const nlohmann::ordered_json& reply) const;

  std::string path_;
  AnswerTimeouts timeouts_;
  FileDescriptor socket_;
  std::string input_;
};

/// Whether somebody listens on the socket and we may connect.
[[nodiscard]] bool answers(const std::string& socket_path);

}  // namespace esc::ctl
