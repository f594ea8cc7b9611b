// SPDX-License-Identifier: BSD-3-Clause
// The other end of the control socket.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "base/file_descriptor.hpp"

namespace esc::ctl {

/// How long escd may take.
struct AnswerTimeouts {
  std::chrono::milliseconds read{5'000};    ///< for more of an answer, or to take a request
  std::chrono::milliseconds whole{20'000};  ///< for all of an answer, however it dribbles
  /// In place of both where a file is read for it: escd itself gives that up after 60 s.
  std::chrono::milliseconds file{70'000};
};

/// One connection to one escd. Blocking, within the timeouts.
class Client {
 public:
  /// Connects. Throws Failure(kNotReachable): nobody listens, no right to, or whoever listens is
  /// neither this user nor root (root talks to any user's).
  explicit Client(std::string socket_path, AnswerTimeouts timeouts = {});

  /// Once more to the same socket, after a Failure. Throws as the constructor does.
  void reconnect();

  /// The "result" of a command with further members of the request. Throws Failure: kRefused with
  /// escd's own words, kNotReachable when the connection ends, no answer comes in time, or what
  /// comes is not escd's.
  [[nodiscard]] nlohmann::ordered_json request(
      const std::string& command,
      const nlohmann::ordered_json& arguments = nlohmann::ordered_json::object());

 private:
  void connect();
  void send_line(const std::string& line);
  [[nodiscard]] std::string receive_line(std::chrono::milliseconds timeout);
  [[noreturn]] void fail(const std::string& what) const;

  std::string path_;
  AnswerTimeouts timeouts_;
  FileDescriptor socket_;
  std::string input_;
};

/// Somebody listens on the socket, and we may connect.
[[nodiscard]] bool answers(const std::string& socket_path);

}  // namespace esc::ctl
