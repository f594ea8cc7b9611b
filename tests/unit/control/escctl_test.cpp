// SPDX-License-Identifier: BSD-3-Clause
// Runs the escctl program against a real control socket that gives prepared documents.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

#include "control/bound_socket.hpp"
#include "control/control_server.hpp"
#include "escctl/client.hpp"
#include "escctl/exit_code.hpp"
#include "scratch.hpp"

namespace esc::control {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Answers each command with the document of its name, on a thread of its own.
class CannedServer {
 public:
  CannedServer(const std::string& path, ordered_json documents, ControlServerLimits limits = {})
      : documents_(std::move(documents)),
        server_(
            path, [this](const json& request) { return reply(request["command"]); },
            std::move(limits)),
        thread_([this] { serve(); }) {}
  ~CannedServer() {
    stop_ = true;
    thread_.join();
  }
  CannedServer(const CannedServer&) = delete;
  CannedServer& operator=(const CannedServer&) = delete;

 private:
  ordered_json reply(const std::string& command) {
    if (documents_.contains("as it is")) return documents_["as it is"];
    if (!documents_.contains(command)) throw Refusal("the appliance is\x1b[2J starting", "wait");
    ordered_json& document = documents_[command];
    if (command != "stats") return ok_reply(document);
    // Each sample is half a second and 500 events later than the one before.
    ++samples_;
    ordered_json sample = document;
    sample["uptime_s"] = 10 + samples_ * 0.5;
    sample["stages"][0]["events"] = samples_ * 500;
    return ok_reply(sample);
  }
  void serve() {
    while (!stop_) {
      pollfd waiting{.fd = server_.poll_fd(), .events = POLLIN, .revents = 0};
      if (::poll(&waiting, 1, 5) > 0) server_.serve_ready();
    }
  }

  ordered_json documents_;
  int samples_ = 0;
  std::atomic<bool> stop_ = false;
  ControlServer server_;
  std::thread thread_;
};

struct Outcome {
  int code = -1;
  std::string out;
  std::string error;
};

class EscctlTest : public ::testing::Test {
 protected:
  Outcome run(const std::string& arguments) const {
    const char* binary = std::getenv("ESCCTL");
    EXPECT_NE(binary, nullptr) << "ESCCTL names the binary";
    const std::string errors = scratch_.path() + "/stderr";
    const std::string command =
        std::string(binary != nullptr ? binary : "false") + " " + arguments + " 2>" + errors;
    Outcome outcome;
    FILE* pipe = ::popen(command.c_str(), "r");
    std::array<char, 4096> buffer;
    for (std::size_t got = 0; (got = ::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
      outcome.out.append(buffer.data(), got);
    }
    const int status = ::pclose(pipe);
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    outcome.error = read(errors);
    return outcome;
  }
  static std::string read(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  Outcome ask(const std::string& arguments) const {
    return run("--socket " + scratch_.socket() + " " + arguments);
  }

  testing::Scratch scratch_;
};

ordered_json parse(const char* text) {
  return ordered_json::parse(text);
}

TEST_F(EscctlTest, Ledger) {
  const auto ledger = parse(R"({"frames":{"received":1234567,"delivered":1234500,"control":0,
    "duplicate":0,"stale":0,"dead_lettered":{"durable":0,"by_reason":{}},
    "dropped":{"unknown_topic":60,"topic_not_utf8":7},"in_flight":0},
    "packets":{"received":9,"datagrams":8,"non_event":{"arp":1},"dropped":{},"imissed":0},
    "balanced":true,"mempools":{"net_pcap0":{"size":4095,"available":4000}},"extra":"\u001b[2J"})");
  const CannedServer server(scratch_.socket(), {{"ledger", ledger}});
  const Outcome table = ask("ledger");
  EXPECT_EQ(table.error, "");
  EXPECT_EQ(table.code, 0);
  EXPECT_EQ(table.out,
            "frames\n"
            "  received          1,234,567\n"
            "  delivered         1,234,500\n"
            "  control                   0\n"
            "  duplicate                 0\n"
            "  stale                     0\n"
            "  dead_lettered\n"
            "    durable                 0\n"
            "    by_reason               0\n"
            "  dropped                  67\n"
            "    unknown_topic          60\n"
            "    topic_not_utf8          7\n"
            "  in_flight                 0\n"
            "packets\n"
            "  received                  9\n"
            "  datagrams                 8\n"
            "  non_event                 1\n"
            "    arp                     1\n"
            "  dropped                   0\n"
            "  imissed                   0\n"
            "balanced                  yes\n"
            "mempools\n"
            "  name        size  available\n"
            "  net_pcap0  4,095      4,000\n"
            "extra  \\x1b[2J\n");
  EXPECT_EQ(ask("--json ledger").out, ledger.dump(2) + "\n");
}

// Only the counts of shed frames are added up. Settings and times get no sum.
TEST_F(EscctlTest, PressureAddsUpWhatWasShedAndNothingElse) {
  const auto pressure = parse(R"({"level":"healthy","shed_below":{"critical":64,"emergency":128},
    "dwell_ms":{"elevated":50,"degraded":60},"entered":{"healthy":1,"elevated":2},
    "frames_shed":{"critical":7,"emergency":5}})");
  const std::string text =
      "level        healthy\n"
      "shed_below\n"
      "  critical        64\n"
      "  emergency      128\n"
      "dwell_ms\n"
      "  elevated        50\n"
      "  degraded        60\n"
      "entered\n"
      "  healthy          1\n"
      "  elevated         2\n"
      "frames_shed       12\n"
      "  critical         7\n"
      "  emergency        5\n";
  {
    ordered_json one = pressure;
    one["pipeline"] = 0;
    const CannedServer server(scratch_.socket(), {{"pressure", {{"pipelines", {one}}}}});
    EXPECT_EQ(ask("pressure").out, "pipeline 0\n" + text);
  }
  const ordered_json both = {{"pipelines", {pressure, pressure}}};
  const CannedServer server(scratch_.socket(), {{"pressure", both}});
  EXPECT_EQ(ask("pressure").out, "pipeline 0\n" + text + "\npipeline 1\n" + text);
}

TEST_F(EscctlTest, ProducersAreNamedAsIdTakesThem) {
  const auto producers = parse(R"({"producers":[{"producer":18446744073709551615,"epoch":4000,
    "highest":1234567,"accepted":1234568,"last_seen_s":0.5}],"known":1000,"expired":0})");
  const CannedServer server(scratch_.socket(), {{"producers", producers}});
  EXPECT_EQ(ask("producers").out,
            "            producer  epoch  highest   accepted  last_seen_s\n"
            "18446744073709551615   4000  1234567  1,234,568          0.5\n"
            "\n"
            "known    1,000\n"
            "expired      0\n");
  EXPECT_EQ(ask("producers --id 18446744073709551615").code, 0);
}

TEST_F(EscctlTest, Stats) {
  const CannedServer server(scratch_.socket(), {{"stats", parse(R"({"state":"running","uptime_s":0,
    "stages":[{"name":"rx0","packets":3,"events":0},{"name":"worker0","events":1,"delivered":1},
              {"name":"worker1","events":22222,"delivered":2}],
    "rings":[{"name":"ingest0","depth":5,"capacity":65536}]})")}});
  EXPECT_EQ(ask("stats").out,
            "state     running\n"
            "uptime_s     10.5\n"
            "stages\n"
            "  name  packets  events\n"
            "  rx0         3     500\n"
            "\n"
            "  name     events  delivered\n"
            "  worker0       1          1\n"
            "  worker1  22,222          2\n"
            "rings\n"
            "  name     depth  capacity\n"
            "  ingest0      5    65,536\n");
}

TEST_F(EscctlTest, WatchPrintsRatesUntilItIsTold) {
  const CannedServer server(scratch_.socket(), {{"stats", parse(R"({"uptime_s":0,
    "stages":[{"name":"rx0","events":0,"dropped":4},{"name":"worker0","events":7,"dropped":0}],
    "ports":{"p":{"imissed":1,"rx_nombuf":2}},"rings":[{"name":"ingest0","depth":5}]})")}});
  // SIGINT when 22 lines of rates are there; `wait` gives escctl's own exit code.
  const std::string out = scratch_.path() + "/out";
  std::ofstream(out).flush();  // the loop below may look before the shell makes it
  const Outcome watched =
      run("--socket " + scratch_.socket() + " stats --watch 0.05 >" + out +
          " & p=$!; while [ $(wc -l <" + out +
          ") -lt 24 ]; do kill -0 $p || break; done; kill -INT $p; wait $p; exit $?; true");
  EXPECT_EQ(watched.code, 0) << watched.error;
  const std::string heading =
      "     up s   rx0 ev/s  worker0 ev/s    drops/s   missed/s  ingest0 ring\n";
  std::stringstream lines(read(out));
  std::string line;
  for (int i = 0; i < 24 && std::getline(lines, line); ++i) {
    if (i == 0 || i == 21) {
      EXPECT_EQ(line + "\n", heading) << i;
    } else if (i == 1) {
      EXPECT_EQ(line, "     11.0      1,000             0          0          0             5");
    }
  }
}

TEST_F(EscctlTest, WatchComesBackWhenItsPlaceWasTaken) {
  const CannedServer server(scratch_.socket(),
                            {{"stats", parse(R"({"stages":[{"name":"rx0"}]})")}, {"version", "1"}},
                            {.max_connections = 1});
  const std::string out = scratch_.path() + "/out";
  const std::string said = scratch_.path() + "/said";
  std::ofstream(out).flush();
  // Each `version` takes the only place, so every sample after the first needs a new connection.
  const Outcome watched =
      run("--socket " + scratch_.socket() + " --json stats --watch 0.05 >" + out + " 2>" + said +
          " & p=$!; while [ $(wc -l <" + out +
          ") -lt 6 ]; do kill -0 $p || break; $ESCCTL --socket " + scratch_.socket() +
          " version >" + out + ".version; done; kill -INT $p; wait $p; exit $?; true");
  EXPECT_EQ(watched.code, 0) << read(said);
  EXPECT_NE(read(said).find("escctl: connected again: this control connection was idle, and its "
                            "place was wanted\n"),
            std::string::npos)
      << read(said);
}

// Answers of an older escd, of a future one, and of one whose answers nobody knows.
TEST_F(EscctlTest, AnotherProtocolIsNotRead) {
  const std::array<std::pair<const char*, const char*>, 4> cases = {{
      {R"({"ok":true,"result":{"frames":1}})", "protocol 1 (it gives no number)"},
      {R"({"ok":false,"error":"there is no command of that name"})",
       "protocol 1 (it gives no number)"},
      {R"({"ok":true,"protocol":3,"result":{"frames":1}})", "protocol 3"},
      {R"({"ok":true,"protocol":"2","result":{"frames":1}})", "another one"},
  }};
  for (const auto& [reply, theirs] : cases) {
    const CannedServer server(scratch_.socket(), {{"as it is", parse(reply)}});
    const Outcome outcome = ask("ledger");
    EXPECT_EQ(outcome.code, 4) << reply;
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.error.find("which speaks protocol 2 of the control socket"),
              std::string::npos)
        << outcome.error;
    EXPECT_NE(outcome.error.find(std::string("speaks ") + theirs + "\n"), std::string::npos)
        << outcome.error;
    EXPECT_NE(outcome.error.find("use the escctl that was installed with that escd"),
              std::string::npos);
  }
}

TEST_F(EscctlTest, AnyEscdMayBeAskedWhichItIs) {
  const CannedServer server(
      scratch_.socket(), {{"as it is", parse(R"({"ok":true,"result":{"version":"escd 0.1"}})")}});
  EXPECT_EQ(ask("version").code, 0);
}

TEST_F(EscctlTest, MetricsArePrintedAsTheyAre) {
  const CannedServer server(scratch_.socket(),
                            {{"metrics", {{"text", "# HELP a b\na{x=\"\\\\x1b\"} 1\n"}}}});
  EXPECT_EQ(ask("metrics").out, "# HELP a b\na{x=\"\\\\x1b\"} 1\n");
}

TEST_F(EscctlTest, HealthSaysItInTheExitCode) {
  {
    const CannedServer server(scratch_.socket(), {{"health", parse(R"({"healthy":true,"checks":[
      {"name":"state","ok":true,"detail":"running"},{"name":"lcores","ok":true}]})")}});
    const Outcome well = ask("health");
    EXPECT_EQ(well.out, "ok      state   running\nok      lcores\nhealthy\n");
    EXPECT_EQ(well.code, 0);
  }
  const CannedServer server(scratch_.socket(), {{"health", parse(R"({"healthy":false,"checks":[
    {"name":"state","ok":true,"detail":"running"},
    {"name":"lcores","ok":false,"detail":"rx0\n hangs"}]})")}});
  const Outcome ill = ask("health");
  EXPECT_EQ(ill.out,
            "ok      state   running\nFAILED  lcores  rx0\\n hangs\n"
            "not healthy: 1 of 2 checks failed\n");
  EXPECT_EQ(ill.code, 1);
  EXPECT_EQ(ask("--json health").code, 1);
}

TEST_F(EscctlTest, AHealthDocumentWithoutAVerdictIsNotHealthy) {
  const CannedServer server(scratch_.socket(), {{"health", ordered_json::object()}});
  EXPECT_EQ(ask("health").code, 1);
}

// A document that is not a JSON object is not escd's answer either.
TEST_F(EscctlTest, WhatIsNoDocumentIsNobodysAnswer) {
  for (const char* const document : {"null", "[1, 2, 3]", "7", "\"done\""}) {
    const CannedServer server(
        scratch_.socket(),
        {{"reload", parse(document)}, {"ledger", parse(document)}, {"health", parse(document)}});
    for (const char* const command : {"reload", "ledger", "--json ledger", "health"}) {
      const Outcome answer = ask(command);
      EXPECT_EQ(answer.code, 3) << command << " " << document;
      EXPECT_EQ(answer.out, "");
      EXPECT_NE(answer.error.find("what it answers is not escd's"), std::string::npos);
    }
  }
}

// A foreign program behind the socket that sends blanks whenever there is room, and never ends.
TEST_F(EscctlTest, AnAnswerThatDribblesIsGivenUp) {
  BoundSocket stranger(scratch_.socket());
  std::thread dribbles([&] {
    pollfd waiting{.fd = stranger.fd(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&waiting, 1, 60'000), 1);
    const FileDescriptor peer(::accept(stranger.fd(), nullptr, nullptr));
    while (::send(peer.get(), " ", 1, MSG_NOSIGNAL) == 1) {
    }
  });
  std::string said;
  {
    ctl::Client client(scratch_.socket(), {.whole = std::chrono::milliseconds(1)});
    try {
      (void)client.request("health");
    } catch (const ctl::Failure& failure) {
      EXPECT_EQ(failure.code(), ctl::ExitCode::kNotReachable);
      said = failure.what();
    }
  }
  dribbles.join();
  EXPECT_NE(said.find("it does not answer in time"), std::string::npos) << said;
}

TEST_F(EscctlTest, Lists) {
  const CannedServer server(scratch_.socket(), parse(R"({
    "topics":{"topics":[{"topic":"sensor/7/temp","events":1000,"payload_bytes":64000},
                        {"topic":"a\u001b]0;x\u0007\u009b\u202eb","events":5,"payload_bytes":0}]},
    "lcores":{"lcores":[{"lcore":1,"cpu":0,"roles":["rx0","dispatch"],"busy":0.4215,
                         "stalled":false}],"note":"n"},
    "ports":{"ports":[]},
    "plan":{"text":"lcore 1: rx0\n\tcpu 0\u001b[2J\n","lcores":[1]},
    "version":{"version":"escd 9"}})"));
  EXPECT_EQ(ask("topics").out,
            "topic                           events  payload_bytes\n"
            "sensor/7/temp                    1,000         64,000\n"
            "a\\x1b]0;x\\x07\\u{009b}\\u{202e}b       5              0\n");
  EXPECT_EQ(ask("lcores").out,
            "lcore  cpu  roles          busy  stalled\n"
            "    1    0  rx0,dispatch  42.2%  no\n"
            "\nnote  n\n");
  EXPECT_EQ(ask("ports").out, "no ports\n");
  EXPECT_EQ(ask("plan").out, "lcore 1: rx0\n\\tcpu 0\\x1b[2J\n");
  EXPECT_EQ(ask("version").out, "escctl " ESC_VERSION "\nversion  escd 9\n");
  EXPECT_EQ(ask("--json topics").out.find('\x1b'), std::string::npos);
}

TEST_F(EscctlTest, SaysWhyTheApplianceRefused) {
  const CannedServer server(scratch_.socket(), ordered_json::object());
  const Outcome refused = ask("ledger");
  EXPECT_EQ(refused.code, 4);
  EXPECT_EQ(refused.out, "");
  EXPECT_EQ(refused.error, "escctl: the appliance is\\x1b[2J starting\n  fix: wait\n");
}

TEST_F(EscctlTest, SaysWhatToDoWhenNobodyAnswers) {
  const Outcome nobody = ask("ledger");
  EXPECT_EQ(nobody.code, 3);
  EXPECT_EQ(nobody.error,
            "escctl: cannot connect to " + scratch_.socket() +
                ": No such file or directory\n"
                "  fix: start escd, or name its socket with --socket (its log says where it is)\n");
  EXPECT_EQ(run("--instance no-such-instance ledger").code, 3);
}

TEST_F(EscctlTest, WrongCommandLines) {
  for (const char* arguments :
       {"", "nope", "ledger extra", "stats --watch 0", "stats --watch x", "ledger --watch",
        "--instance a --socket b ledger", "--instance ../x ledger"}) {
    const Outcome wrong = run(arguments);
    EXPECT_EQ(wrong.code, 2) << arguments;
    EXPECT_EQ(wrong.out, "") << arguments;
    EXPECT_NE(wrong.error.find("fix: "), std::string::npos) << arguments;
  }
}

TEST_F(EscctlTest, FindsInstancesByName) {
  ASSERT_EQ(::setenv("XDG_RUNTIME_DIR", scratch_.path().c_str(), 1), 0);
  const std::string pid = std::to_string(::getpid());
  const CannedServer one(scratch_.path() + "/escd/one-" + pid + "/control.sock",
                         {{"topics", {{"topics", ordered_json::array()}}}});
  EXPECT_EQ(run("--instance one-" + pid + " topics").out, "no topics\n");
  const CannedServer two(scratch_.path() + "/escd/two-" + pid + "/control.sock",
                         ordered_json::object());
  const Outcome several = run("topics");  // whatever else may run on this machine
  EXPECT_EQ(several.code, 2);
  EXPECT_NE(several.error.find("  one-" + pid + "  ("), std::string::npos) << several.error;
  EXPECT_NE(several.error.find("  two-" + pid + "  ("), std::string::npos) << several.error;
  EXPECT_EQ(run("--instance two-" + pid + " topics").code, 4);
}

TEST_F(EscctlTest, HelpHasTheExitCodes) {
  const Outcome help = run("--help");
  EXPECT_EQ(help.code, 0);
  const std::string page = read(std::string(std::getenv("ESC_SOURCE_ROOT")) + "/docs/control.md");
  std::stringstream lines(help.out.substr(help.out.find("Exit codes:\n")));
  std::string line;
  std::getline(lines, line);
  int codes = 0;
  while (std::getline(lines, line) && !line.empty()) {
    const auto code = line.substr(2, 1);
    const std::string row = "| " + code + " | " + line.substr(5) + " |";
    EXPECT_NE(page.find(row), std::string::npos) << row << " is not in docs/control.md";
    ++codes;
  }
  EXPECT_EQ(codes, 6);
}

}  // namespace
}  // namespace esc::control
