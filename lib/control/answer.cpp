// SPDX-License-Identifier: BSD-3-Clause
#include "control/answer.hpp"

namespace esc::control {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// No request needs more levels than this, and code that reads the request afterwards may recurse.
constexpr int kMaxDepth = 16;

// Counted before anything is built from the line. A bracket within a string is text.
bool nests_too_deep(std::string_view line) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

json parse_request(std::string_view line) {
  if (nests_too_deep(line)) {
    throw Refusal("the request nests deeper than " + std::to_string(kMaxDepth) + " levels");
  }
  json request;
  try {
    request = json::parse(line);
  } catch (const json::parse_error& error) {
    throw Refusal("the request is not JSON (byte " + std::to_string(error.byte) + " of the line)",
                  R"(send one object a line, as {"protocol":2,"command":"ledger"})");
  }
  if (!request.is_object() || !request.contains("command") || !request["command"].is_string()) {
    throw Refusal(R"(the request is not an object with a string "command")",
                  R"(send one object a line, as {"protocol":2,"command":"ledger"})");
  }
  return request;
}

}  // namespace

ordered_json ok_reply(ordered_json result) {
  ordered_json reply = ordered_json::object();
  reply["ok"] = true;
  reply["protocol"] = kProtocol;
  reply["result"] = std::move(result);
  return reply;
}

ordered_json error_reply(std::string error, std::string fix) {
  ordered_json reply = ordered_json::object();
  reply["ok"] = false;
  reply["protocol"] = kProtocol;
  reply["error"] = std::move(error);
  if (!fix.empty()) reply["fix"] = std::move(fix);
  return reply;
}

void require_protocol(const json& request, std::string_view version) {
  const auto said = request.find("protocol");
  if (said != request.end() && *said == kProtocol) return;
  std::string theirs = "another protocol, and gives no number";
  if (said == request.end()) {
    theirs = "protocol 1 (it gives no number)";
  } else if (said->is_number_unsigned()) {
    theirs = "protocol " + std::to_string(said->get<std::uint64_t>());
  }
  throw Refusal("this is escd " + std::string(version) + ", which speaks protocol " +
                    std::to_string(kProtocol) + " of the control socket; the request is of " +
                    theirs,
                "use the escctl that was installed with this escd; other programs: "
                "docs/control.md, \"The protocol's number\"");
}

std::string to_line(const ordered_json& reply) {
  return reply.dump(-1, ' ', true, ordered_json::error_handler_t::replace) + '\n';
}

std::string answer(std::string_view line, const Handler& handler) {
  try {
    return to_line(handler(parse_request(line)));
  } catch (const Later&) {
    throw;
  } catch (const Refusal& refusal) {
    return to_line(error_reply(refusal.what(), refusal.fix()));
  } catch (const json::exception&) {
    return to_line(error_reply("an argument of the request is missing, or cannot be meant",
                               "docs/control.md has the arguments of each command"));
  } catch (const std::exception& error) {
    return to_line(error_reply(error.what()));
  } catch (...) {
    return to_line(error_reply("the request failed for an unknown reason"));
  }
}

}  // namespace esc::control
