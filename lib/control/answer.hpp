// SPDX-License-Identifier: BSD-3-Clause
// From a request line to a reply line.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace esc::control {

/// The version of the protocol. It goes up when requests or answers change so that a program of the
/// version before would misread them. Version 2: figures of pipelines, stages and rings are lists,
/// and both sides say their version. Version 1 said none.
inline constexpr std::uint64_t kProtocol = 2;

/// Thrown by a handler that refuses a request; becomes {"ok":false,"error":what(),"fix":fix()}.
class Refusal : public std::runtime_error {
 public:
  explicit Refusal(const std::string& error, std::string fix = {})
      : std::runtime_error(error), fix_(std::move(fix)) {}
  [[nodiscard]] const std::string& fix() const noexcept { return fix_; }

 private:
  std::string fix_;
};

/// Thrown by a handler whose answer takes longer than the main lcore may wait. The answer comes
/// later, by ControlServer::settle(); until then the peer that asked gets no other answer.
struct Later {
  std::uint64_t ticket = 0;  ///< never 0, and different from every other ticket
};

/// Gets a request that is a JSON object with a string "command", returns the whole reply:
/// ok_reply() or error_reply(). A Refusal or any other exception becomes an error reply.
using Handler = std::function<nlohmann::ordered_json(const nlohmann::json& request)>;

/// {"ok":true,"protocol":2,"result":result}
[[nodiscard]] nlohmann::ordered_json ok_reply(nlohmann::ordered_json result);
/// {"ok":false,"protocol":2,"error":error,"fix":fix}; without "fix" if it is empty.
[[nodiscard]] nlohmann::ordered_json error_reply(std::string error, std::string fix = {});

/// Throws Refusal if the request is not of this protocol; names both. `version`: of the program
/// that answers.
void require_protocol(const nlohmann::json& request, std::string_view version);

/// Returns the reply of `handler` to the request in `line`, or an error reply that says what is
/// wrong with the line: one line of printable ASCII and its newline. Throws Later.
[[nodiscard]] std::string answer(std::string_view line, const Handler& handler);

/// A reply as it goes over the socket: one line of printable ASCII and its newline.
[[nodiscard]] std::string to_line(const nlohmann::ordered_json& reply);

}  // namespace esc::control
