// The other end of the control socket.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "base/file_descriptor.hpp"

namespace esc::ctl {

inline constexpr std::chrono::seconds kAnswerTimeout{5};
/// And from the request to the end of the answer, however it dribbles.
inline constexpr std::chrono::seconds kWholeAnswerTimeout{20};
/// Either, of a request for which a file is read: escd itself gives that up after 60 s.
inline constexpr std::chrono::seconds kFileTimeout{70};

/// One connection to one escd. Blocking, each call for at most about kAnswerTimeout a read or
/// write.
class Client {
 public:
  /// Connects. Throws Failure(kNotReachable): nobody listens, no right to, or whoever listens is
  /// neither this user nor root (root talks to any user's).
  explicit Client(std::string socket_path);

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
  [[nodiscard]] std::string receive_line(std::chrono::seconds timeout);
  [[noreturn]] void fail(const std::string& what) const;

  std::string path_;
  FileDescriptor socket_;
  std::string input_;
};

/// Somebody listens on the socket, and we may connect.
[[nodiscard]] bool answers(const std::string& socket_path);

}  // namespace esc::ctl
