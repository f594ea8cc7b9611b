#include "esc-replay/send_options.hpp"

#include <CLI/CLI.hpp>

namespace esc::replay {

void add_send_options(CLI::App& command, SendOptions& o) {
  command.add_option("trace", o.trace, "the trace (pcap, Ethernet)")->required();
  auto* const sinks = command.add_option_group("where to", "one of");
  sinks->add_option("--udp", o.udp, "kernel UDP: HOST:PORT");
  sinks->add_option("--tcp", o.tcp, "kernel TCP: HOST:PORT");
  sinks->add_option(
      "--port", o.port,
      "DPDK port, whole packets: \"net_memif0,role=client,socket=...\" or a PCI address");
  sinks->require_option(1);
  command.add_option("--udp-port", o.udp_port, "destination port of the trace's event datagrams")
      ->capture_default_str();
  command
      .add_option(
          "--pps", o.pps,
          "datagrams (--port: packets) per second on an absolute schedule; default: flat out")
      ->check(CLI::PositiveNumber);
  auto* const loop = command.add_option("--loop", o.loop, "passes over the trace (default 1)")
                         ->check(CLI::PositiveNumber);
  command.add_option("--duration", o.duration, "loop for that many seconds")
      ->check(CLI::PositiveNumber)
      ->excludes(loop);
  command.add_option("--epoch", o.epoch, "lowest epoch of every producer, instead of the trace's");
  command.add_option("--manifest", o.manifest,
                     "a pass uses up the numbers that this manifest says were given out: for the "
                     "two traces of build --out-b");
  command
      .add_option("--linger", o.linger, "seconds that a DPDK port stays up after the last packet")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      .add_option("--connect-timeout", o.connect_timeout, "seconds to wait for a DPDK port's link")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_flag("--json", o.json, "summary as JSON on stdout");
  command.add_flag("--quiet", o.quiet, "no progress on stderr");
  command.footer("EAL arguments for --port go after a lone --.");
}

}  // namespace esc::replay
