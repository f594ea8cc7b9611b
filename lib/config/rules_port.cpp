// SPDX-License-Identifier: BSD-3-Clause
// Rules of the configuration: [[port]].
#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>

#include "config/device.hpp"
#include "config/eal_args.hpp"
#include "config/loading.hpp"
#include "config/sections.hpp"
#include "config/text.hpp"

namespace esc::config {
namespace {

// escd's ledger lists its own pools among the ports'.
constexpr std::array<std::string_view, 2> kReservedPortNames = {"jumbo", "tcp"};

void refuse_second(const Loading& in, std::unordered_map<std::string, std::string>& seen,
                   const std::string& name, const std::string& where, const std::string& what,
                   const std::string& fix) {
  const auto [first, is_new] = seen.emplace(name, where);
  if (!is_new) in.reader.problem(where, what + " stands already at " + first->second, fix);
}

void check_device(const Loading& in, const Section& section, const PortConfig& port) {
  if (port.device.name.empty()) return;
  if (port.device.kind == DeviceKind::kPci) {
    if (!disables_pci(in.config.eal.args)) return;
    in.reader.problem(in.reader.where(section, "device"),
                      "device " + in_quotes(port.device.name) +
                          " is on the PCI bus, which eal.args switches off with --no-pci",
                      "remove --no-pci");
  } else if (const auto meant = likely_driver(port.device.driver)) {
    in.warning(in.reader.where(section, "device"),
               "the driver " + in_quotes(port.device.driver) + " is not known",
               "did you mean '" + std::string(*meant) + "'?");
  }
}

void check_name(const Loading& in, const Section& section, PortConfig& port) {
  if (!is_label(port.name, "_-.:")) {
    in.reader.problem(in.reader.where(section, "name"), "'name' is " + in_quotes(port.name),
                      "use letters, digits, '_', '-', '.' and ':' only");
  }
  if (port.name.empty()) port.name = port.device.name;
}

void check_udp_ports(const Loading& in, const Section& section, const PortConfig& port) {
  std::set<std::uint16_t> seen;
  for (std::size_t i = 0; i < port.udp_ports.size(); ++i) {
    if (seen.insert(port.udp_ports[i]).second) continue;
    in.reader.problem(in.reader.where(section, "udp_ports", i),
                      "'udp_ports' lists " + std::to_string(port.udp_ports[i]) + " twice",
                      "remove one");
  }
}

void check_restamp(const Loading& in, const Section& section, const PortConfig& port) {
  if (port.restamp == Restamp::kOff || port.device.name.empty()) return;
  if (endless(port.device)) return;
  in.reader.problem(
      in.reader.where(section, "restamp"),
      "'restamp' is for a trace without end, which " + in_quotes(port.device.name) + " is not",
      "leave it out, or play a trace with net_pcap, rx_pcap=FILE and infinite_rx=1");
}

PortConfig load_port(const Loading& in, const Section& section) {
  PortConfig port;
  in.reader.read_rows(section, &port);
  check_device(in, section, port);
  check_name(in, section, port);
  check_udp_ports(in, section, port);
  check_restamp(in, section, port);
  return port;
}

}  // namespace

void load_ports(const Loading& in, const SectionSpec& spec) {
  const std::vector<Section> sections = in.reader.sections(spec);
  std::unordered_map<std::string, std::string> devices;  // name -> where
  std::unordered_map<std::string, std::string> names;
  for (const Section& section : sections) {
    PortConfig port = load_port(in, section);
    if (!port.device.name.empty()) {
      refuse_second(in, devices, port.device.name, in.reader.where(section, "device"),
                    "device " + in_quotes(port.device.name), "give each [[port]] its own device");
    }
    if (!port.name.empty()) {
      if (std::ranges::find(kReservedPortNames, port.name) != kReservedPortNames.end()) {
        in.reader.problem(in.reader.where(section, "name"),
                          "the name '" + port.name + "' is taken: the ledger calls its own pool so",
                          "give the port another name");
      }
      refuse_second(in, names, port.name, in.reader.where(section, "name"),
                    "port name " + in_quotes(port.name), "give each [[port]] its own name");
    }
    in.config.ports.push_back(std::move(port));
  }
}

}  // namespace esc::config
