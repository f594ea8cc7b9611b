// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/json_text.hpp"
#include "esc-replay/dpdk_sink.hpp"
#include "esc-replay/error.hpp"
#include "esc-replay/sender.hpp"
#include "esc-replay/tcp_sink.hpp"
#include "esc-replay/udp_sink.hpp"

namespace esc::replay {
namespace {

using Number = unsigned long long;

// Written by the signal handler, read by the sending thread; it publishes nothing else.
std::atomic<bool> g_stop{false};
static_assert(std::atomic<bool>::is_always_lock_free, "safe in a signal handler");

/// The first signal ends the sending in order; the second ends the process, as it would by default.
void stop_on_signal() {
  struct sigaction action {};
  action.sa_handler = [](int) { g_stop.store(true, std::memory_order_relaxed); };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

/// One line a second, of what happened since the line before.
class Progress {
 public:
  void operator()(double seconds, const SendCounts& counts, const Pacer& pacer, const Sink& sink) {
    const double span = seconds - last_seconds_;
    const auto rate = [&](std::uint64_t now, std::uint64_t before) {
      return static_cast<double>(now - before) / span;
    };
    std::fprintf(
        stderr,
        "%7.1f s  %11.0f packets/s  %11.0f frames/s  %8.2f MB/s  blocked %llu  errors %llu  failed "
        "%llu",
        seconds, rate(counts.units, last_.units), rate(counts.frames, last_.frames),
        rate(counts.bytes, last_.bytes) * 1e-6, static_cast<Number>(sink.blocked() - last_blocked_),
        static_cast<Number>(sink.error_count() - last_errors_), static_cast<Number>(counts.failed));
    if (pacer.open_loop()) {
      const Pacer::Lateness& late = pacer.lateness();
      std::fprintf(stderr, "  late mean %.3f ms, max %.3f ms", late.mean_ns() * 1e-6,
                   static_cast<double>(late.max_ns) * 1e-6);
    }
    std::fputc('\n', stderr);
    last_seconds_ = seconds;
    last_ = counts;
    last_blocked_ = sink.blocked();
    last_errors_ = sink.error_count();
  }

 private:
  double last_seconds_ = 0;
  SendCounts last_;
  std::uint64_t last_blocked_ = 0;
  std::uint64_t last_errors_ = 0;
};

std::unique_ptr<Sink> open_sink(const SendOptions& options, const Trace& trace) {
  if (!options.udp.empty()) return std::make_unique<UdpSink>(options.udp);
  if (!options.tcp.empty()) return std::make_unique<TcpSink>(options.tcp);
  return open_dpdk_sink(options, trace.longest_bytes);
}

nlohmann::ordered_json summary(const SendOptions& options, const Trace& trace, const Sink& sink,
                               const SendResult& result) {
  const bool packets = !options.port.empty();
  const SendCounts& counts = result.counts;
  auto errors = nlohmann::ordered_json::object();
  for (const auto& [code, count] : sink.errors()) {
    const char* const name = strerrorname_np(code);
    errors[name != nullptr ? name : std::to_string(code)] = count;
  }
  nlohmann::ordered_json json = {{"trace", options.trace},
                                 {packets ? "packets" : "datagrams", counts.units},
                                 {"frames", counts.frames},
                                 {"sessions", counts.sessions},
                                 {"bytes", counts.bytes},
                                 {"passes", counts.passes},
                                 {"skipped_per_pass", trace.skipped},
                                 {"tails_cut_per_pass", trace.tails_cut},
                                 {"failed", counts.failed},
                                 {"errors", errors},
                                 {"blocked", sink.blocked()},
                                 {"seconds", result.seconds},
                                 {"stopped", result.stopped}};
  if (options.pps > 0) {
    json["lateness"] = {{"asked_per_second", options.pps},
                        {"mean_us", result.lateness.mean_ns() * 1e-3},
                        {"max_us", static_cast<double>(result.lateness.max_ns) * 1e-3},
                        {"over_1ms", result.lateness.over_1ms}};
  }
  auto producers = nlohmann::ordered_json::array();
  for (const ProducerSpan& span : trace.producers) {
    producers.push_back({{"producer", span.producer},
                         {"epoch", span.epoch},
                         {"first_sequence", span.first},
                         {"numbers_per_pass", span.number_step},
                         {"epochs_per_pass", span.epoch_step}});
  }
  json["producers"] = std::move(producers);
  return json;
}

void print(std::ostream& out, const SendOptions& options, const nlohmann::ordered_json& json) {
  if (options.json) {
    out << cli::json_text(json, 2) << '\n';
    return;
  }
  const bool packets = !options.port.empty();
  const auto number = [&](const char* key) { return json.at(key).get<Number>(); };
  const double seconds = std::max(json.at("seconds").get<double>(), 1e-9);
  const Number units = number(packets ? "packets" : "datagrams");
  const auto line = [&](const char* format, auto... values) {
    std::array<char, 512> text{};
    std::snprintf(text.data(), text.size(), format, values...);
    out << text.data();
  };
  line(
      "sent %llu %s, %llu frames (%llu of them session frames), %llu bytes in %.3f s: %.0f/s, %.0f "
      "frames/s\n",
      units, packets ? "packets" : "datagrams", number("frames"), number("sessions"),
      number("bytes"), seconds, static_cast<double>(units) / seconds,
      static_cast<double>(number("frames")) / seconds);
  line(
      "passes %llu, skipped per pass %llu, tails cut per pass %llu, failed %llu, blocked %llu, "
      "errors ",
      number("passes"), number("skipped_per_pass"), number("tails_cut_per_pass"), number("failed"),
      number("blocked"));
  out << cli::json_text(json.at("errors")) << '\n';
  if (json.contains("lateness")) out << "lateness " << cli::json_text(json.at("lateness")) << '\n';
}

}  // namespace

int run_send(const SendOptions& options, std::ostream& out) {
  const Cargo cargo = !options.udp.empty()   ? Cargo::kDatagrams
                      : !options.tcp.empty() ? Cargo::kStream
                                             : Cargo::kPackets;
  Trace trace = load_trace(options.trace, cargo, options.udp_port);
  if (options.epoch) set_epoch(trace, *options.epoch);
  if (!options.manifest.empty()) set_steps_from_manifest(trace, options.manifest);
  const std::unique_ptr<Sink> sink = open_sink(options, trace);
  stop_on_signal();
  const SendResult result =
      send_trace(trace, *sink, options, g_stop, options.quiet ? ProgressSink{} : Progress{});
  print(out, options, summary(options, trace, *sink, result));
  const bool clean = result.counts.failed == 0 && sink->error_count() == 0;
  return static_cast<int>(clean ? ExitCode::kOk : ExitCode::kSentWithErrors);
}

}  // namespace esc::replay
