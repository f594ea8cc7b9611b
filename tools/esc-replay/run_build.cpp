// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <cstdio>
#include <optional>
#include <ostream>
#include <utility>

#include "cli/json_text.hpp"
#include "config/text.hpp"
#include "esc-replay/config_out.hpp"
#include "esc-replay/error.hpp"
#include "esc-replay/pcap_file.hpp"
#include "esc-replay/trace_builder.hpp"

namespace esc::replay {
namespace {

/// One line a second: the rates since the line before, and how far it is.
class Progress {
 public:
  explicit Progress(const SecondsClock& seconds) : clock_(seconds), start_(clock_()) {}

  void operator()(std::uint64_t packets, std::uint64_t bytes, double share) {
    const double seconds = clock_() - start_;
    const double span = seconds - last_seconds_;
    if (span < 1.0) return;
    std::fprintf(stderr,
                 "%7.1f s  %11.0f packets/s  %8.2f MB/s  %llu packets, %llu bytes, %.1f %% done\n",
                 seconds, static_cast<double>(packets - last_packets_) / span,
                 static_cast<double>(bytes - last_bytes_) / span * 1e-6,
                 static_cast<unsigned long long>(packets), static_cast<unsigned long long>(bytes),
                 share * 100);
    last_seconds_ = seconds;
    last_packets_ = packets;
    last_bytes_ = bytes;
  }

 private:
  SecondsClock clock_;
  double start_;
  double last_seconds_ = 0;
  std::uint64_t last_packets_ = 0;
  std::uint64_t last_bytes_ = 0;
};

void print_summary(std::ostream& out, const BuildPlan& plan, const BuiltTrace& built) {
  const BuildOptions& options = plan.options;
  const telemetry::Ledger& ledger = built.tally.ledger();
  out << config::printable(options.out);
  if (!options.out_b.empty()) out << " and " << config::printable(options.out_b);
  out << ": " << built.facts.packets() << " packets, " << built.facts.bytes() << " bytes, "
      << ledger.packets.datagrams << " datagrams, "
      << ledger.frames.received - ledger.frames.control << " frames of "
      << plan.topics.listed().size() << " topics, " << ledger.frames.control << " session frames\n";
  if (built.facts.cut_at_mtu > 0) {
    out << built.facts.cut_at_mtu << " datagrams hold fewer frames than drawn: --mtu "
        << options.mtu << " was reached\n";
  }
  for (std::size_t i = 0; i < built.facts.feeds.size(); ++i) {
    const Network::Counts& counts = built.facts.feeds[i].network;
    if (counts.lost + counts.copies + counts.overtaken == 0) continue;
    out << config::printable(i == 0 ? options.out : options.out_b) << ": of " << built.facts.made
        << " packets sent " << counts.lost << " are lost, " << counts.copies << " come twice; "
        << counts.overtaken << " come late\n";
  }
  const auto& frames = ledger.frames;
  if (ledger.frames_duplicate() + frames.stale + built.facts.restarts > 0) {
    out << "with a window of " << options.window << ": " << ledger.frames_duplicate()
        << " duplicate, " << frames.stale << " stale; " << built.facts.restarts << " restarts\n";
  }
  out << "manifest: " << config::printable(options.manifest_out) << '\n';
}

PacketSink into(PcapWriter& writer) {
  return [&writer](std::uint64_t time_ns, std::span<const std::uint8_t> packet) {
    writer.write(time_ns, packet);
  };
}

}  // namespace

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void run_build(const BuildOptions& options, std::ostream& out, const SecondsClock& seconds) {
  const BuildPlan plan = make_build_plan(options);
  // The small files are written first, so that a path that cannot be written fails before the trace
  // is made.
  if (!plan.options.topics_out.empty()) plan.topics.write(plan.options.topics_out);
  if (!plan.options.routes_out.empty()) write_text_file(plan.options.routes_out, make_routes(plan));
  if (!plan.options.config_out.empty()) write_text_file(plan.options.config_out, make_config(plan));

  PcapWriter writer(plan.options.out, plan.options.timestamps == "ns");
  std::optional<PcapWriter> writer_b;
  if (!plan.options.out_b.empty()) {
    writer_b.emplace(plan.options.out_b, plan.options.timestamps == "ns");
  }
  const BuiltTrace built =
      build_trace(plan, into(writer), options.quiet ? BuildProgressSink{} : Progress(seconds),
                  writer_b ? into(*writer_b) : PacketSink{});
  write_text_file(plan.options.manifest_out, cli::json_text(make_manifest(plan, built), 2) + '\n');
  writer.finish();
  if (writer_b) writer_b->finish();
  print_summary(out, plan, built);
}

}  // namespace esc::replay
