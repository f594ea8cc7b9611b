// SPDX-License-Identifier: BSD-3-Clause
// Checks of ports: interfaces of virtual devices, PCI addresses and their drivers.
#include "config/checks.hpp"
#include "config/device.hpp"
#include "config/text.hpp"
#include "topology/interface.hpp"
#include "topology/pci_device.hpp"

namespace esc::config {
namespace {

// Returns false if there is no such interface.
bool check_interface(const Check& check, const std::string& interface, const std::string& where) {
  if (topology::interface_state(check.root, interface)) return true;
  check.unavailable(where, "there is no network interface " + in_quotes(interface),
                    "'ip link' lists them");
  return false;
}

// libpcap does not open an interface that is down.
void check_captured(const Check& check, const std::string& interface, const std::string& where) {
  if (!check_interface(check, interface, where)) return;
  if (!topology::is_switched_off(check.root, interface)) return;
  check.unavailable(where, "network interface " + in_quotes(interface) + " is down",
                    "ip link set " + printable(interface) + " up");
}

// A packet socket can be opened on an interface that is down, and waits for it to come up.
void check_watched(const Check& check, const std::string& interface, const std::string& where) {
  if (!check_interface(check, interface, where)) return;
  if (topology::interface_state(check.root, interface) == topology::InterfaceState::kUp) return;
  check.warning(where, "network interface " + in_quotes(interface) + " is down, or has no carrier",
                "ip link set " + printable(interface) + " up, there and at its other end");
}

void check_pcap(const Check& check, const PortConfig& port, const std::string& where) {
  const std::vector<std::string> captured = interfaces(port.device);
  if (captured.empty() && traces(port.device).empty()) {
    check.error(where, "the device has no rx_pcap=FILE and no rx_iface_in=NAME", "add one");
    return;
  }
  check_traces(check, port, where);
  for (const std::string& interface : captured) check_captured(check, interface, where);
  if (!captured.empty() && !has_capability(check.root, Capability::kNetRaw)) {
    check.error(where, "capturing on an interface needs CAP_NET_RAW",
                "run as root or grant the capability");
  }
}

void check_kernel_interface(const Check& check, const PortConfig& port, const std::string& where) {
  const auto interface = port.device.arg("iface");
  if (!interface) {
    check.error(where, "the device has no iface=NAME", "add one");
    return;
  }
  if (port.device.count("iface") > 1) {
    check.error(where, "the device has more than one 'iface'", "give each its own [[port]]");
    return;
  }
  check_watched(check, std::string(*interface), where);
  const bool raw = has_capability(check.root, Capability::kNetRaw);
  const bool admin = has_capability(check.root, Capability::kNetAdmin);
  if (!raw || !admin) {
    check.error(where, "driver " + port.device.driver + " needs CAP_NET_RAW and CAP_NET_ADMIN",
                "run as root or grant the capabilities");
  }
}

void check_tap(const Check& check, const std::string& where) {
  std::error_code error;
  if (!std::filesystem::exists(check.root.at("/dev/net/tun"), error)) {
    check.unavailable(where, "there is no /dev/net/tun", "modprobe tun");
  }
  if (!has_capability(check.root, Capability::kNetAdmin)) {
    check.error(where, "a tap or tun port needs CAP_NET_ADMIN",
                "run as root or grant the capability");
  }
}

}  // namespace

void check_virtual_port(const Check& check, const PortConfig& port, const std::string& where) {
  const std::string_view driver = driver_family(port.device);
  if (driver == "pcap") {
    check_pcap(check, port, where);
  } else if (driver == "af_packet" || driver == "af_xdp") {
    check_kernel_interface(check, port, where);
  } else if (driver == "tap" || driver == "tun") {
    check_tap(check, where);
  }
}

void check_pci_port(const Check& check, const PortConfig& port, const std::string& where) {
  auto problem = topology::pci_problem(check.root, port.device.name);
  if (problem && !(problem->in_use && check.running)) {
    check.unavailable(where, std::move(problem->what), std::move(problem->fix));
  }
}

}  // namespace esc::config
