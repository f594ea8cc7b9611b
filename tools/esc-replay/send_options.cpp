// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/send_options.hpp"

#include "cli/options.hpp"

namespace esc::replay {

using cli::add_number;
using cli::add_text;

void add_send_options(CLI::App& command, SendOptions& o) {
  add_text(command, "trace", o.trace, "the trace (pcap, Ethernet)")->required();
  auto& sinks = *command.add_option_group("where to", "one of");
  add_text(sinks, "--udp", o.udp, "kernel UDP")->type_name("HOST:PORT");
  add_text(sinks, "--tcp", o.tcp, "kernel TCP")->type_name("HOST:PORT");
  add_text(sinks, "--port", o.port,
           "DPDK port, whole packets: \"net_memif0,role=client,socket=...\" or a PCI address");
  sinks.require_option(1);
  add_number(command, "--udp-port", o.udp_port, "destination port of the trace's event datagrams",
             {1, UINT16_MAX});
  add_number(command, "--pps", o.pps,
             "datagrams (--port: packets) per second on an absolute schedule; default: flat out",
             {0.001, 1e9});
  auto* const loop = add_number(command, "--loop", o.loop, "passes over the trace (default 1)",
                                {1, 1'000'000'000'000});
  add_number(command, "--duration", o.duration, "loop for that many seconds", cli::kSeconds)
      ->excludes(loop);
  add_number(command, "--epoch", o.epoch, "lowest epoch of every producer, instead of the trace's");
  add_text(command, "--manifest", o.manifest,
           "a pass uses up the numbers that this manifest says were given out: for the two traces "
           "of build --out-b");
  add_number(command, "--linger", o.linger,
             "seconds that a DPDK port stays up after the last packet", cli::kSecondsOrNone);
  add_number(command, "--connect-timeout", o.connect_timeout,
             "seconds to wait for a DPDK port's link", cli::kSecondsOrNone);
  command.add_flag("--json", o.json, "summary as JSON on stdout");
  command.add_flag("--quiet", o.quiet, "no progress on stderr");
  command.footer("EAL arguments for --port go after a lone --.");
}

}  // namespace esc::replay
