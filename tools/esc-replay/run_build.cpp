#include <cstdio>
#include <utility>

#include "esc-replay/config_out.hpp"
#include "esc-replay/error.hpp"
#include "esc-replay/pcap_file.hpp"
#include "esc-replay/trace_builder.hpp"

namespace esc::replay {
namespace {

void print_summary(const BuildPlan& plan, const BuiltTrace& built) {
  const BuildOptions& options = plan.options;
  const telemetry::Ledger& ledger = built.tally.ledger();
  std::printf(
      "%s: %llu packets, %llu bytes, %llu datagrams, %llu frames of %zu topics, %llu session "
      "frames\n",
      options.out.c_str(), static_cast<unsigned long long>(built.facts.packets),
      static_cast<unsigned long long>(built.facts.bytes),
      static_cast<unsigned long long>(ledger.packets.datagrams),
      static_cast<unsigned long long>(ledger.frames.received - ledger.frames.control),
      plan.topics.listed().size(), static_cast<unsigned long long>(ledger.frames.control));
  if (built.facts.cut_at_mtu > 0) {
    std::printf("%llu datagrams hold fewer frames than drawn: --mtu %u was reached\n",
                static_cast<unsigned long long>(built.facts.cut_at_mtu), options.mtu);
  }
  std::printf("manifest: %s\n", options.manifest_out.c_str());
}

}  // namespace

void run_build(const BuildOptions& options) {
  const BuildPlan plan = make_build_plan(options);
  // Cheap files first: what cannot be written should fail before the trace is made.
  if (!plan.options.topics_out.empty()) plan.topics.write(plan.options.topics_out);
  if (!plan.options.routes_out.empty()) write_text_file(plan.options.routes_out, make_routes(plan));
  if (!plan.options.config_out.empty()) write_text_file(plan.options.config_out, make_config(plan));

  PcapWriter writer(plan.options.out, plan.options.timestamps == "ns");
  const BuiltTrace built =
      build_trace(plan, [&](std::uint64_t time_ns, std::span<const std::uint8_t> packet) {
        writer.write(time_ns, packet);
      });
  write_text_file(plan.options.manifest_out,
                  make_manifest(plan, built.tally, built.facts).dump(2) + '\n');
  writer.finish();
  print_summary(plan, built);
}

}  // namespace esc::replay
