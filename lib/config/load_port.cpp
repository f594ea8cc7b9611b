// SPDX-License-Identifier: BSD-3-Clause
// [[port]].
#include <set>
#include <unordered_map>

#include "config/device.hpp"
#include "config/eal_args.hpp"
#include "config/loading.hpp"
#include "config/text.hpp"

namespace esc::config {
namespace {

// escd's ledger lists its jumbo pool among the ports' pools.
constexpr std::string_view kReservedPortName = "jumbo";

void refuse_second(const Loading& in, std::unordered_map<std::string, std::string>& seen,
                   const std::string& name, const std::string& where, const std::string& what,
                   const std::string& fix) {
  const auto [first, is_new] = seen.emplace(name, where);
  if (!is_new) in.reader.problem(where, what + " stands already at " + first->second, fix);
}

void read_device(const Loading& in, const Section& section, PortConfig& port) {
  const std::optional<std::string> text = in.reader.string(section, "device");
  if (!text) return;
  const std::string place = in.reader.where(section, "device");
  auto parsed = parse_device(*text);
  if (const auto* bad = std::get_if<Problem>(&parsed)) {
    in.reader.problem(place, bad->what, bad->fix);
    return;
  }
  port.device = std::move(std::get<Device>(parsed));
  if (port.device.kind == DeviceKind::kPci) {
    if (disables_pci(in.config.eal.args)) {
      in.reader.problem(place,
                        "device " + in_quotes(port.device.name) +
                            " is on the PCI bus, which eal.args switches off with --no-pci",
                        "remove --no-pci");
    }
  } else if (const auto meant = likely_driver(port.device.driver)) {
    in.warning(place, "the driver " + in_quotes(port.device.driver) + " is not known",
               "did you mean '" + std::string(*meant) + "'?");
  }
}

void read_restamp(const Loading& in, const Section& section, PortConfig& port) {
  in.reader.read(section, "restamp", port.restamp);
  if (port.restamp == Restamp::kOff || port.device.name.empty()) return;
  if (endless(port.device)) return;
  in.reader.problem(
      in.reader.where(section, "restamp"),
      "'restamp' is for a trace without end, which " + in_quotes(port.device.name) + " is not",
      "leave it out, or play a trace with net_pcap, rx_pcap=FILE and infinite_rx=1");
}

void read_udp_ports(const Loading& in, const Section& section, PortConfig& port) {
  std::set<std::int64_t> seen;
  for (const std::int64_t number : in.reader.integers(section, "udp_ports")) {
    if (!seen.insert(number).second) {
      in.reader.problem(in.reader.where(section, "udp_ports", port.udp_ports.size()),
                        "'udp_ports' lists " + std::to_string(number) + " twice", "remove one");
    }
    port.udp_ports.push_back(static_cast<std::uint16_t>(number));
  }
}

PortConfig read_port(const Loading& in, const Section& section) {
  PortConfig port;
  read_device(in, section, port);
  in.reader.read(section, "name", port.name);
  if (!is_label(port.name, "_-.:")) {
    in.reader.problem(in.reader.where(section, "name"), "'name' is " + in_quotes(port.name),
                      "use letters, digits, '_', '-', '.' and ':' only");
  }
  if (port.name.empty()) port.name = port.device.name;
  read_udp_ports(in, section, port);
  in.reader.read(section, "checksum", port.checksum);
  in.reader.read(section, "rx_queues", port.rx_queues);
  in.reader.read(section, "rx_descriptors", port.rx_descriptors);
  in.reader.read(section, "pool_mbufs", port.pool_mbufs);
  in.reader.read(section, "mbuf_data_bytes", port.mbuf_data_bytes);
  in.reader.read(section, "mtu", port.mtu);
  in.reader.read(section, "promiscuous", port.promiscuous);
  in.reader.read(section, "lossless", port.lossless_setting);
  read_restamp(in, section, port);
  return port;
}

}  // namespace

void read_ports(const Loading& in) {
  const std::vector<Section> sections = in.reader.sections("port");
  if (sections.empty()) {
    in.reader.problem(in.config.file, "there is no [[port]]",
                      "add one with a device and its udp_ports");
  }
  std::unordered_map<std::string, std::string> devices;  // name -> where
  std::unordered_map<std::string, std::string> names;
  for (const Section& section : sections) {
    PortConfig port = read_port(in, section);
    if (!port.device.name.empty()) {
      refuse_second(in, devices, port.device.name, in.reader.where(section, "device"),
                    "device " + in_quotes(port.device.name), "give each [[port]] its own device");
    }
    if (!port.name.empty()) {
      if (port.name == kReservedPortName) {
        in.reader.problem(in.reader.where(section, "name"),
                          "the name 'jumbo' is taken: the ledger calls its own pool so",
                          "give the port another name");
      }
      refuse_second(in, names, port.name, in.reader.where(section, "name"),
                    "port name " + in_quotes(port.name), "give each [[port]] its own name");
    }
    in.config.ports.push_back(std::move(port));
  }
}

}  // namespace esc::config
