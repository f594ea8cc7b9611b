// SPDX-License-Identifier: BSD-3-Clause
// Checks that a port receives all that comes to it, and nothing else. A device may have queues that
// nobody polls, and two ports may take each other's packets; neither reports that.
#include <algorithm>
#include <set>

#include "base/number.hpp"
#include "config/checks.hpp"
#include "config/device.hpp"
#include "config/text.hpp"
#include "topology/interface.hpp"

namespace esc::config {
namespace {

constexpr unsigned kMostQueues = 1'024;
constexpr unsigned kMostPcapQueues = 16;  // RTE_PMD_PCAP_MAX_QUEUES
// The bytes that net_af_packet's socket puts before a frame in its ring: tpacket2_hdr, sockaddr_ll,
// and room for the link header.
constexpr std::uint64_t kRingHeaderBytes = 80;
constexpr unsigned kDefaultFrameBytes = 2'048;

std::string port_key(std::size_t port, std::string_view key) {
  return "port[" + std::to_string(port) + "]." + std::string(key);
}

/// The value of a device argument that is a count; nullopt: it is no such number.
std::optional<unsigned> number(const Device& device, std::string_view key, unsigned otherwise) {
  const auto text = device.arg(key);
  if (!text) return otherwise;
  const auto value = parse_whole(*text, range_of<unsigned>());
  if (!value) return std::nullopt;
  return static_cast<unsigned>(*value);
}

std::string several(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

/// The queues that a device fills whether somebody polls them or not.
struct Queues {
  std::optional<unsigned> count;  ///< nullopt: the argument is no number
  std::string argument;           ///< the device argument that sets this number
};

/// Returns nullopt if the device fills as many queues as the port asks for.
std::optional<Queues> filled_queues(const Device& device) {
  const std::string_view driver = driver_family(device);
  if (driver == "af_packet") return Queues{number(device, "qpairs", 1), "qpairs"};
  if (driver == "af_xdp") return Queues{number(device, "queue_count", 1), "queue_count"};
  if (driver == "vhost") return Queues{number(device, "queues", 1), "queues"};
  if (driver == "pcap") {
    if (const std::size_t count = traces(device).size(); count != 0)
      return Queues{static_cast<unsigned>(count), "rx_pcap"};
    if (const std::size_t count = interfaces(device).size(); count != 0)
      return Queues{static_cast<unsigned>(count), "rx_iface_in"};
  }
  return std::nullopt;
}

void check_queue_count(const Check& check, std::size_t index) {
  const PortConfig& port = check.config.ports[index];
  const auto queues = filled_queues(port.device);
  if (!queues) return;
  const std::string argument = "'" + queues->argument + "'";
  if (!queues->count || *queues->count == 0 || *queues->count > kMostQueues) {
    check.error(check.config.where(port_key(index, "device")),
                argument + " is " + in_quotes(port.device.arg(queues->argument).value_or("")) +
                    ", not a number of queues",
                "write one from 1 to " + std::to_string(kMostQueues));
    return;
  }
  if (driver_family(port.device) == "pcap" && *queues->count > kMostPcapQueues) {
    check.error(check.config.where(port_key(index, "device")),
                "the pcap driver has at most " + several(kMostPcapQueues, "queue") +
                    ", the device names " + several(*queues->count, "source"),
                "spread them over several [[port]]");
    return;
  }
  if (*queues->count == port.rx_queues) return;
  const std::string has = "rx_queues is " + std::to_string(port.rx_queues) +
                          ", but the device has " + several(*queues->count, "receive queue") +
                          ", as its " + argument + " say" + (*queues->count == 1 ? "s" : "");
  const std::string where = check.config.where(port_key(index, "rx_queues"));
  if (*queues->count > port.rx_queues) {
    check.error(where, has + ": what comes to the others would never be read",
                "set rx_queues = " + std::to_string(*queues->count) + ", or give the device " +
                    several(port.rx_queues, "queue"));
  } else {
    check.error(where, has,
                "set rx_queues = " + std::to_string(*queues->count) + ", or give the device one " +
                    argument + " for each queue");
  }
}

/// net_pcap uses one kind of source, and silently ignores the others.
void check_pcap_sources(const Check& check, std::size_t index) {
  const Device& device = check.config.ports[index].device;
  if (driver_family(device) != "pcap") return;
  const bool both = device.count("iface") != 0;
  const std::size_t kinds =
      std::size_t{both} + std::size_t{device.count("rx_pcap") != 0} +
      std::size_t{device.count("rx_iface") + device.count("rx_iface_in") != 0};
  if (kinds > 1 || device.count("iface") > 1) {
    check.error(check.config.where(port_key(index, "device")),
                "the driver receives from one of 'iface', 'rx_pcap' and 'rx_iface_in' only, and "
                "would leave the others out without a word",
                "give each its own [[port]]");
  }
  // The driver takes any number above 0 for 1, and does not accept the argument twice.
  const auto endless = device.arg("infinite_rx");
  if (endless && ((endless != "0" && endless != "1") || device.count("infinite_rx") > 1)) {
    check.error(check.config.where(port_key(index, "device")),
                "'infinite_rx' is " + in_quotes(*endless) + ", or stands there twice",
                "write infinite_rx=1 once, or leave it out");
  }
}

struct XdpRange {
  std::size_t port;
  unsigned first;
  unsigned count;
};

std::vector<XdpRange> xdp_ranges(const Config& config, const std::string& interface) {
  std::vector<XdpRange> ranges;
  for (std::size_t i = 0; i < config.ports.size(); ++i) {
    const Device& device = config.ports[i].device;
    if (driver_family(device) != "af_xdp" || device.arg("iface") != interface) continue;
    ranges.push_back({i, number(device, "start_queue", 0).value_or(0),
                      number(device, "queue_count", 1).value_or(1)});
  }
  return ranges;
}

bool polled(const std::vector<XdpRange>& ranges, unsigned queue) {
  return std::ranges::any_of(ranges, [queue](const XdpRange& range) {
    return queue >= range.first && queue - range.first < range.count;
  });
}

std::string queue_list(const std::vector<unsigned>& queues) {
  std::string text;
  for (const unsigned queue : queues) text += (text.empty() ? "" : ", ") + std::to_string(queue);
  return (queues.size() == 1 ? "queue " : "queues ") + text;
}

/// Packets for a queue of the interface that has no socket go to the kernel. A user's own XDP
/// program decides this itself, so such ports are not checked.
void check_xdp_queues(const Check& check, std::size_t index) {
  const Device& device = check.config.ports[index].device;
  const auto interface = device.arg("iface");
  if (driver_family(device) != "af_xdp" || !interface || device.arg("xdp_prog")) return;
  const std::string name(*interface);
  const unsigned there = topology::receive_queues(check.root, name);
  const std::vector<XdpRange> ranges = xdp_ranges(check.config, name);
  // Reported once, at the first of the interface's ports.
  if (there == 0 || ranges.front().port != index) return;
  std::vector<unsigned> unpolled;
  for (unsigned queue = 0; queue < there; ++queue) {
    if (!polled(ranges, queue)) unpolled.push_back(queue);
  }
  if (unpolled.empty()) return;
  check.error(check.config.where(port_key(index, "device")),
              "interface " + in_quotes(name) + " has " + several(there, "receive queue") +
                  ", and no port polls " + queue_list(unpolled) +
                  ": what comes there would go to the kernel",
              "set queue_count=" + std::to_string(there) +
                  " and rx_queues = " + std::to_string(there) +
                  ", or add a [[port]] with start_queue= for each, or "
                  "leave the interface fewer: ethtool -L " +
                  printable(name) + " combined 1 (rx 1 for a veth)");
}

/// Whether two ports on one interface take different packets from it.
bool apart(const Config& config, std::size_t one, std::size_t other, const std::string& interface) {
  const auto range_of = [&](std::size_t port) -> std::optional<XdpRange> {
    for (const XdpRange& range : xdp_ranges(config, interface)) {
      if (range.port == port) return range;
    }
    return std::nullopt;
  };
  const auto a = range_of(one);
  const auto b = range_of(other);
  return a && b &&
         (std::uint64_t{a->first} + a->count <= b->first ||
          std::uint64_t{b->first} + b->count <= a->first);
}

/// Two ports on one interface both receive every packet, or each receives a part of the packets.
void check_shared_interfaces(const Check& check, std::size_t index) {
  std::set<std::string> seen;
  for (const std::string& interface : interfaces(check.config.ports[index].device)) {
    const std::string where = check.config.where(port_key(index, "device"));
    if (!seen.insert(interface).second) {
      check.error(where,
                  "interface " + in_quotes(interface) +
                      " stands there twice: each packet "
                      "would be received as often",
                  "remove one");
      continue;
    }
    for (std::size_t other = 0; other < index; ++other) {
      const auto theirs = interfaces(check.config.ports[other].device);
      if (std::ranges::find(theirs, interface) == theirs.end() ||
          apart(check.config, index, other, interface)) {
        continue;
      }
      check.error(where,
                  "interface " + in_quotes(interface) + " stands already at " +
                      check.config.where(port_key(other, "device")) +
                      ": each port would receive a part of its packets, or both all of them",
                  "give it one [[port]], with several queues if it needs them");
    }
  }
}

/// The socket's ring cuts packets that are longer than its frames.
void check_frame_room(const Check& check, std::size_t index) {
  const Device& device = check.config.ports[index].device;
  const auto interface = device.arg("iface");
  const auto frame = number(device, "framesz", kDefaultFrameBytes);
  if (driver_family(device) != "af_packet" || !interface || !frame) return;
  const auto folder = topology::interface_folder(check.root, std::string(*interface));
  const auto mtu = folder ? first_number(*folder / "mtu") : std::nullopt;
  if (!mtu || *frame <= kRingHeaderBytes || *mtu <= *frame - kRingHeaderBytes) return;
  check.warning(check.config.where(port_key(index, "device")),
                "interface " + in_quotes(*interface) + " takes packets of " + std::to_string(*mtu) +
                    " bytes, and the port's ring cuts them at " +
                    std::to_string(*frame - kRingHeaderBytes) +
                    ": what is longer is dropped as ip_truncated",
                "set a larger framesz= and blocksz=, and port.mbuf_data_bytes as large, or ip link "
                "set " +
                    printable(*interface) + " mtu " + std::to_string(*frame - kRingHeaderBytes));
}

/// Warns before the first datagram comes: otherwise all of them would be bad_udp_checksum, and it
/// would not be clear why.
void check_checksums(const Check& check, std::size_t index) {
  const PortConfig& port = check.config.ports[index];
  const std::string_view driver = driver_family(port.device);
  if (port.checksum != Checksum::kVerify || driver == "tap" || driver == "tun") return;
  for (const std::string& interface : interfaces(port.device)) {
    if (!topology::leaves_checksums(check.root, interface)) continue;
    const std::string shown = printable(interface);
    check.warning(check.config.where(port_key(index, "device")),
                  "interface " + in_quotes(interface) +
                      " is virtual: who sends through it leaves UDP checksums to hardware that is "
                      "not there, and such datagrams are dropped as bad_udp_checksum",
                  "ethtool -K IFACE tx off for the sender's interface, and for " + shown +
                      ", which escd looks at; or set port.checksum = \"off\"");
  }
}

}  // namespace

void check_receiving(const Check& check, std::size_t index) {
  check_queue_count(check, index);
  check_pcap_sources(check, index);
  check_xdp_queues(check, index);
  check_shared_interfaces(check, index);
  check_frame_room(check, index);
  check_checksums(check, index);
}

}  // namespace esc::config
