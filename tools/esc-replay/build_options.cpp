#include "esc-replay/build_options.hpp"

#include <CLI/CLI.hpp>

#include "esc-replay/error.hpp"

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

void add_content_options(CLI::App& command, BuildOptions& o) {
  command.add_option("--topics", o.topics, "how many topics (default 64, or all of --topics-file)");
  command.add_option("--zipf", o.zipf, "exponent of Zipf's law over the topics; 0 is uniform")
      ->capture_default_str();
  command.add_option("--topic-bytes", o.topic_bytes, "distribution of topic lengths")
      ->capture_default_str();
  command
      .add_option("--unknown-topics", o.unknown_topics,
                  "share of events of a topic no route is made for")
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--payload", o.payload, "distribution of payload bytes")
      ->capture_default_str();
  command
      .add_option("--frames-per-datagram", o.frames_per_datagram,
                  "distribution; a datagram ends early when --mtu is reached")
      ->capture_default_str();
  command.add_option("--priorities", o.priorities, "distribution of priorities")
      ->capture_default_str();
  command
      .add_option("--sessions", o.sessions,
                  "producers that number their events: a session frame heads every datagram")
      ->capture_default_str();
  command.add_option("--session-epoch", o.epoch, "epoch of all sessions")->capture_default_str();
  command
      .add_option("--session-count", o.session_count,
                  "count field of a session frame: the frames it covers, or 0")
      ->check(CLI::IsMember({"exact", "open"}))
      ->capture_default_str();
  command.add_option("--first-producer", o.first_producer, "producers are numbered from here")
      ->capture_default_str();
  command.add_option("--first-sequence", o.first_sequence, "each producer's first sequence")
      ->capture_default_str();
  command.add_option(
      "--malformed", o.malformed,
      "share of packets that are not sound datagrams: 0.1 over all kinds, or KIND=SHARE,...");
}

void add_network_options(CLI::App& command, BuildOptions& o) {
  command
      .add_option("--restarts", o.restarts,
                  "share of datagrams before which their producer restarts, in a new epoch")
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--loss", o.loss, "share of packets that do not arrive")
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--duplicates", o.duplicates, "share of packets that arrive twice")
      ->check(CLI::Range(0.0, 1.0));
  command
      .add_option("--reorder", o.reorder,
                  "each packet is delayed, so that up to this many overtake it; 0: none")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  command.add_option("--out-b", o.out_b,
                     "the same feed as a second port receives it: losses of its own");
  command.add_flag("--complete", o.complete, "with --out-b: no packet is lost in both");
  command
      .add_option("--window", o.window,
                  "the appliance's window, for the manifest; 0: it does not look for copies")
      ->capture_default_str();
}

void add_packet_options(CLI::App& command, BuildOptions& o) {
  command.add_option("--vlan", o.vlan, "VLAN tags")->check(CLI::Range(0, 2))->capture_default_str();
  command.add_option("--vlan-ids", o.vlan_ids, "their ids, outermost first")->capture_default_str();
  command.add_option("--ipv6", o.ipv6, "share of IPv6 packets")->check(CLI::Range(0.0, 1.0));
  command
      .add_option("--ip-options", o.ip_options,
                  "share of packets with IPv4 options or IPv6 extension headers")
      ->check(CLI::Range(0.0, 1.0));
  command
      .add_option("--no-udp-checksum", o.no_udp_checksum,
                  "share of IPv4 datagrams sent without a UDP checksum")
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--udp-port", o.udp_port, "destination port")->capture_default_str();
  command.add_option("--src-port", o.src_port, "first source port")->capture_default_str();
  command.add_option("--flows", o.flows, "how many source ports, so that RSS spreads")
      ->check(CLI::Range(1, 65535))
      ->capture_default_str();
  command.add_option("--src", o.src, "IPv4 source")->capture_default_str();
  command.add_option("--dst", o.dst, "IPv4 destination")->capture_default_str();
  command.add_option("--src6", o.src6, "IPv6 source")->capture_default_str();
  command.add_option("--dst6", o.dst6, "IPv6 destination")->capture_default_str();
  command.add_option("--src-mac", o.src_mac, "Ethernet source")->capture_default_str();
  command.add_option("--dst-mac", o.dst_mac, "Ethernet destination")->capture_default_str();
  command.add_option("--mtu", o.mtu, "longest IP packet")
      ->check(CLI::Range(576, 65400))
      ->capture_default_str();
  command
      .add_option("--trace-pps", o.trace_pps, "packets per second by the trace's own time stamps")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--timestamps", o.timestamps, "unit of the time stamps in the pcap")
      ->check(CLI::IsMember({"ns", "us"}))
      ->capture_default_str();
}

}  // namespace

void add_build_options(CLI::App& command, BuildOptions& o) {
  // First, so that it runs first: what is asked for beside it then wins.
  command
      .add_option_function<std::string>(
          "--preset", [&o](const std::string& preset) { apply_preset(o, preset); },
          "a ready-made trace; other options change it")
      ->check(CLI::IsMember({"bench-64", "bench-512", "quickstart"}));
  command.add_option("--out", o.out, "the trace to write (pcap, Ethernet)")->required();
  command.add_option(
      "--manifest", o.manifest_out,
      "what the appliance must show for it (default: beside --out, ending in .json)");
  command.add_option("--packets", o.packets, "how many packets");
  command.add_option("--frames", o.frames,
                     "how many frames besides session frames, refused ones too");
  command.add_option("--seed", o.seed, "same seed and arguments, same bytes")
      ->capture_default_str();
  add_content_options(command, o);
  add_network_options(command, o);
  add_packet_options(command, o);
  command.add_option("--topics-file", o.topics_file, "take the topics from here, one a line");
  command.add_option("--topics-out", o.topics_out, "write the topics here, one a line");
  command.add_option("--routes-out", o.routes_out, "write a [[route]] for each topic here");
  command.add_option("--config-out", o.config_out,
                     "write a whole escd configuration that plays the trace here");
  command.add_option("--handler", o.handler, "handler of those routes")->capture_default_str();
  command.add_option("--checksum", o.checksum, "the port's setting that the manifest is for")
      ->check(CLI::IsMember({"verify", "nic", "off"}))
      ->capture_default_str();
  command.add_flag("--quiet", o.quiet, "no progress on stderr");
}

}  // namespace esc::replay
