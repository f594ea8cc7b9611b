// SPDX-License-Identifier: BSD-3-Clause
// Sends any bytes, in pieces of any size, through the line connection and answer() to a handler
// that takes each command's arguments as escd's handler does. Each line gets one answer, in order.
// An answer is one line of printable ASCII, and JSON as docs/control.md describes it. A line that
// is too long or nested too deeply is refused. Only a bounded part of a line that does not end is
// kept.
//
// Input: one byte for the size of the pieces, then what the peer writes.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/number.hpp"
#include "cli/json_text.hpp"
#include "control/answer.hpp"
#include "control/line_connection.hpp"

namespace {

using esc::FileDescriptor;
using namespace esc::control;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kMaxLineBytes = 512;
constexpr std::size_t kMaxInputBytes = 8192;
constexpr std::size_t kMaxDepth = 16;

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr std::array<std::string_view, 13> kWithoutArguments = {
    "version", "ledger", "stats", "plan", "health", "topics", "lcores",
    "ports",   "state",  "keys",  "dlq",  "pause",  "reload"};

std::uint64_t asked(const json& request, const char* name, esc::WholeRange range) {
  if (const auto number = esc::cli::whole_member(request, name, range)) return *number;
  throw Refusal("it is no number that can be meant", to_text(range));
}

ordered_json producers(const json& request) {
  if (request.contains("id")) return ok_reply(asked(request, "id", {}));
  const auto top = request.contains("top") ? asked(request, "top", {.min = 1, .max = 10'000}) : 20;
  const auto by = request.value("by", std::string("lost"));
  if (by != "lost" && by != "rate") throw Refusal("there is no such order: " + by, "lost, rate");
  return ok_reply({{"top", top}, {"by", by}});
}

ordered_json handler(const json& request) {
  const auto command = request.at("command").get<std::string>();
  if (command == "producers") return producers(request);
  if (command == "routes") return ok_reply({{"file", request.at("diff").get<std::string>()}});
  // Answers with all that it was given, as a careless handler might.
  if (command == "echo") return ok_reply(request);
  if (std::ranges::find(kWithoutArguments, command) != kWithoutArguments.end()) {
    return ok_reply({{"command", command}});
  }
  throw Refusal("there is no command of that name");
}

/// Brackets that are open at once, without regard to strings: never less than JSON's nesting.
std::size_t most_brackets(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return c == '[' || c == '{'; }));
}

void check_reply(std::string_view line, const std::string& reply) {
  require(!reply.empty() && reply.back() == '\n');
  require(std::ranges::count(reply, '\n') == 1);
  require(std::all_of(reply.begin(), reply.end() - 1, [](char c) { return c >= ' ' && c <= '~'; }));
  const auto parsed = json::parse(reply);
  require(parsed.is_object() && parsed.at("ok").is_boolean());
  if (!parsed.at("ok").get<bool>()) {
    require(parsed.at("error").is_string());
    return;
  }
  require(parsed.contains("result"));
  // The line was accepted, so it must be JSON, an object with a command, and not nested too deeply.
  const auto request = json::parse(line);
  require(request.at("command").is_string());
  std::size_t deepest = 0;
  const json measured = json::parse(line, [&](int depth, json::parse_event_t, json&) {
    deepest = std::max(deepest, static_cast<std::size_t>(depth));
    return true;
  });
  require(measured == request && deepest <= kMaxDepth);
}

/// The lines that must be answered, found by looking at the whole input; and whether its end is an
/// error.
struct Expected {
  std::vector<std::string_view> lines;
  bool overlong = false;
};

Expected expect(std::string_view input) {
  Expected expected;
  while (!input.empty()) {
    const std::size_t end = input.find('\n');
    const std::string_view line = input.substr(0, end);
    if (line.size() > kMaxLineBytes) {
      expected.overlong = true;
      break;
    }
    if (end == std::string_view::npos) break;
    expected.lines.push_back(line);
    input.remove_prefix(end + 1);
  }
  return expected;
}

/// Answers every complete line before more is read, as the server does. False: the server would
/// close the connection.
bool answer_all(LineConnection& connection, const Expected& expected, std::size_t& answered) {
  for (;;) {
    if (connection.overlong()) {
      require(expected.overlong && answered == expected.lines.size());
      connection.finish();
      return false;
    }
    const auto line = connection.next_line();
    if (!line) return true;
    require(answered < expected.lines.size() && *line == expected.lines[answered]);
    const std::string reply = answer(*line, handler);
    check_reply(*line, reply);
    if (most_brackets(*line) <= kMaxDepth && json::accept(*line)) {
      require(!reply.starts_with(R"({"ok":false,"error":"the request nests)"));
    }
    ++answered;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > kMaxInputBytes) return 0;
  const std::size_t piece = std::size_t{data[0]} * 8 + 1;
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Expected expected = expect(input);
  std::array<int, 2> ends{};
  require(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  FileDescriptor peer(ends[0]);
  LineConnection connection(FileDescriptor(ends[1]), kMaxLineBytes);
  std::size_t answered = 0;
  bool kept = true;
  while (!input.empty() && kept) {
    const std::string_view part = input.substr(0, piece);
    require(::send(peer.get(), part.data(), part.size(), 0) == static_cast<ssize_t>(part.size()));
    input.remove_prefix(part.size());
    require(connection.receive() == LineConnection::Io::kOk);
    kept = answer_all(connection, expected, answered);
  }
  require(kept != expected.overlong);
  require(answered == expected.lines.size());
  if (kept) {
    peer.reset();
    require(connection.receive() == LineConnection::Io::kOk && connection.ended());
    require(connection.done());
  }
  return 0;
}
