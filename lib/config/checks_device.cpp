// Checks of ports: interfaces of virtual devices, PCI addresses and their drivers.
#include "config/checks.hpp"
#include "config/text.hpp"
#include "topology/pci_device.hpp"

namespace esc::config {
namespace {

constexpr std::uint64_t kInterfaceUp = 0x1;     // IFF_UP
constexpr std::size_t kMaxInterfaceBytes = 15;  // IFNAMSIZ less its terminator

bool is_interface_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxInterfaceBytes && name != "." && name != ".." &&
         name.find('/') == std::string_view::npos;
}

void check_interface(const Check& check, std::string_view interface, const std::string& where) {
  const std::string shown = in_quotes(interface);
  const auto directory = check.root.at("/sys/class/net") / interface;
  std::error_code error;
  if (!is_interface_name(interface) || !std::filesystem::exists(directory, error)) {
    check.error(where, "there is no network interface " + shown, "'ip link' lists them");
    return;
  }
  const auto flags = first_number(directory / "flags");
  if (flags && (*flags & kInterfaceUp) == 0) {
    check.warning(where, "network interface " + shown + " is down",
                  "ip link set " + printable(interface) + " up");
  }
}

void check_trace(const Check& check, const std::string& path, const std::string& where) {
  if (const auto problem = trace_problem(path)) {
    check.error(where, "trace " + in_quotes(path) + ": " + *problem,
                "write one with esc-replay, or correct rx_pcap");
  }
}

// The driver makes as many queues as it is given sources.
void check_queue_sources(const Check& check, const PortConfig& port, std::size_t sources,
                         std::string_view argument, const std::string& where) {
  if (sources >= port.rx_queues) return;
  check.error(where,
              "rx_queues is " + std::to_string(port.rx_queues) + ", but the device has " +
                  std::to_string(sources) + " '" + std::string(argument) + "'",
              "name one for each queue, or lower rx_queues");
}

void check_pcap(const Check& check, const PortConfig& port, const std::string& where) {
  std::size_t sources = 0;
  for (const auto& [key, value] : port.device.args) {
    if (key == "rx_pcap") {
      ++sources;
      check_trace(check, value, where);
    } else if (key == "iface" || key == "rx_iface" || key == "rx_iface_in") {
      ++sources;
      check_interface(check, value, where);
      if (!has_capability(check.root, Capability::kNetRaw)) {
        check.error(where, "capturing on an interface needs CAP_NET_RAW",
                    "run as root or grant the capability");
      }
    }
  }
  if (sources == 0) {
    check.error(where, "the device has no rx_pcap=FILE and no iface=NAME", "add one");
    return;
  }
  check_queue_sources(check, port, sources, "rx_pcap", where);
}

void check_kernel_interface(const Check& check, const PortConfig& port, const std::string& where) {
  const auto interface = port.device.arg("iface");
  if (!interface) {
    check.error(where, "the device has no iface=NAME", "add one");
    return;
  }
  check_interface(check, *interface, where);
  const bool raw = has_capability(check.root, Capability::kNetRaw);
  const bool admin = has_capability(check.root, Capability::kNetAdmin);
  if (!raw || !admin) {
    check.error(where, "driver " + port.device.driver + " needs CAP_NET_RAW and CAP_NET_ADMIN",
                "run as root or grant the capabilities");
  }
}

}  // namespace

void check_virtual_port(const Check& check, const PortConfig& port, const std::string& where) {
  const std::string& driver = port.device.driver;
  if (driver.ends_with("_pcap")) {
    check_pcap(check, port, where);
  } else if (driver.ends_with("_af_packet") || driver.ends_with("_af_xdp")) {
    check_kernel_interface(check, port, where);
  }
}

void check_pci_port(const Check& check, const PortConfig& port, const std::string& where) {
  auto problem = topology::pci_problem(check.root, port.device.name);
  if (problem && !(problem->in_use && check.running)) {
    check.error(where, std::move(problem->what), std::move(problem->fix));
  }
}

}  // namespace esc::config
