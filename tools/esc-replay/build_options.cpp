// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/build_options.hpp"

#include "cli/options.hpp"

namespace esc::replay {
namespace {

void apply_preset(BuildOptions& options, const std::string& preset) {
  options.preset = preset;
  options.packets = 16384;
  options.topics = 64;
  options.zipf = 1.0;
  options.topic_bytes = "12-31";
  if (preset == "bench-64") {
    options.payload = "64";
  } else if (preset == "bench-512") {
    options.payload = "512";
  } else {  // quickstart: a little of everything an operator may meet
    options.payload = "32-256";
    options.frames_per_datagram = "1-4";
    options.ipv6 = 0.25;
    options.malformed = "0.01";
  }
}

using cli::add_choice;
using cli::add_number;
using cli::add_text;

// The range for amounts in a trace: more packets than fit on any disk, and far below where a sum
// would overflow.
constexpr WholeRange kAmount = {.min = 1, .max = 1'000'000'000'000};

void add_content_options(CLI::App& command, BuildOptions& o) {
  add_number(command, "--topics", o.topics, "how many topics (default 64, or all of --topics-file)",
             {1, kMaxTopics});
  add_number(command, "--zipf", o.zipf, "exponent of Zipf's law over the topics; 0 is uniform",
             {0, 100});
  add_text(command, "--topic-bytes", o.topic_bytes, "distribution of topic lengths");
  add_number(command, "--unknown-topics", o.unknown_topics,
             "share of events of a topic no route is made for", cli::kShare);
  add_text(command, "--payload", o.payload, "distribution of payload bytes");
  add_text(command, "--frames-per-datagram", o.frames_per_datagram,
           "distribution; a datagram ends early when --mtu is reached");
  add_text(command, "--priorities", o.priorities, "distribution of priorities");
  add_number(command, "--sessions", o.sessions,
             "producers that number their events: a session frame heads every datagram",
             {0, kMaxSessions});
  add_number(command, "--session-epoch", o.epoch, "epoch of all sessions");
  add_choice(command, "--session-count", o.session_count,
             "count field of a session frame: the frames it covers, or 0", {"exact", "open"});
  add_number(command, "--first-producer", o.first_producer, "producers are numbered from here");
  add_number(command, "--first-sequence", o.first_sequence, "each producer's first sequence");
  add_text(command, "--malformed", o.malformed,
           "share of packets that are not sound datagrams: 0.1 over all kinds, or KIND=SHARE,...");
}

void add_network_options(CLI::App& command, BuildOptions& o) {
  add_number(command, "--restarts", o.restarts,
             "share of datagrams before which their producer restarts, in a new epoch",
             cli::kShare);
  add_number(command, "--loss", o.loss, "share of packets that do not arrive", cli::kShare);
  add_number(command, "--duplicates", o.duplicates, "share of packets that arrive twice",
             cli::kShare);
  add_number(command, "--reorder", o.reorder,
             "each packet is delayed, so that up to this many overtake it; 0: none",
             {0, 1U << 20U});
  add_text(command, "--out-b", o.out_b,
           "the same feed as a second port receives it: losses of its own");
  command.add_flag("--complete", o.complete, "with --out-b: no packet is lost in both");
  add_number(command, "--window", o.window,
             "the appliance's window, for the manifest; 0: it does not look for copies",
             {0, kMaxWindow});
}

void add_packet_options(CLI::App& command, BuildOptions& o) {
  add_number(command, "--vlan", o.vlan, "VLAN tags", {0, 2});
  add_text(command, "--vlan-ids", o.vlan_ids, "their ids, outermost first");
  add_number(command, "--ipv6", o.ipv6, "share of IPv6 packets", cli::kShare);
  add_number(command, "--ip-options", o.ip_options,
             "share of packets with IPv4 options or IPv6 extension headers", cli::kShare);
  add_number(command, "--no-udp-checksum", o.no_udp_checksum,
             "share of IPv4 datagrams sent without a UDP checksum", cli::kShare);
  add_number(command, "--udp-port", o.udp_port, "destination port", {1, UINT16_MAX});
  add_number(command, "--src-port", o.src_port, "first source port");
  add_number(command, "--flows", o.flows, "how many source ports, so that RSS spreads",
             {1, UINT16_MAX});
  add_text(command, "--src", o.src, "IPv4 source");
  add_text(command, "--dst", o.dst, "IPv4 destination");
  add_text(command, "--src6", o.src6, "IPv6 source");
  add_text(command, "--dst6", o.dst6, "IPv6 destination");
  add_text(command, "--src-mac", o.src_mac, "Ethernet source");
  add_text(command, "--dst-mac", o.dst_mac, "Ethernet destination");
  add_number(command, "--mtu", o.mtu, "longest IP packet", {576, 65400});
  add_number(command, "--trace-pps", o.trace_pps,
             "packets per second by the trace's own time stamps", {0.001, 1e9});
  add_choice(command, "--timestamps", o.timestamps, "unit of the time stamps in the pcap",
             {"ns", "us"});
}

}  // namespace

void add_build_options(CLI::App& command, BuildOptions& o) {
  // Added first, so that it is applied first and the other options override it.
  add_choice(command, "--preset", [&o](const std::string& preset) { apply_preset(o, preset); },
             "a ready-made trace; other options change it",
             {"bench-64", "bench-512", "quickstart"});
  add_text(command, "--out", o.out, "the trace to write (pcap, Ethernet)")->required();
  add_text(command, "--manifest", o.manifest_out,
           "what the appliance must show for it (default: beside --out, ending in .json)");
  add_number(command, "--packets", o.packets, "how many packets", kAmount);
  add_number(command, "--frames", o.frames,
             "how many frames besides session frames, refused ones too", kAmount);
  add_number(command, "--seed", o.seed, "same seed and arguments, same bytes");
  add_content_options(command, o);
  add_network_options(command, o);
  add_packet_options(command, o);
  add_text(command, "--topics-file", o.topics_file, "take the topics from here, one a line");
  add_text(command, "--topics-out", o.topics_out, "write the topics here, one a line");
  add_text(command, "--routes-out", o.routes_out, "write a [[route]] for each topic here");
  add_text(command, "--config-out", o.config_out,
           "write a whole escd configuration that plays the trace here");
  add_text(command, "--handler", o.handler, "handler of those routes");
  add_choice(command, "--checksum", o.checksum, "the port's setting that the manifest is for",
             {"verify", "nic", "off"});
  command.add_flag("--quiet", o.quiet, "no progress on stderr");
}

}  // namespace esc::replay
