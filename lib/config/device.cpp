// SPDX-License-Identifier: BSD-3-Clause
#include "config/device.hpp"

#include <algorithm>
#include <array>

#include "config/text.hpp"

namespace esc::config {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kMaxNameBytes = 63;  // RTE_ETH_NAME_MAX_LEN less its terminator

constexpr std::array kVirtualDrivers = {
    "net_af_packet"sv, "net_af_xdp"sv, "net_bonding"sv, "net_failsafe"sv,    "net_kni"sv,
    "net_memif"sv,     "net_null"sv,   "net_pcap"sv,    "net_ring"sv,        "net_softnic"sv,
    "net_tap"sv,       "net_tun"sv,    "net_vhost"sv,   "net_virtio_user"sv, "net_vdev_netvsc"sv,
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_name(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
         c == '.';
}

// "hh:hh.f", f 0..7
bool is_bus_device_function(std::string_view text) {
  return text.size() == 7 && is_hex(text[0]) && is_hex(text[1]) && text[2] == ':' &&
         is_hex(text[3]) && is_hex(text[4]) && text[5] == '.' && text[6] >= '0' && text[6] <= '7';
}

// The long lower-case form of a PCI address, which may have a domain or not; empty: `text` is no
// PCI address.
std::string pci_address(std::string_view text) {
  std::string domain = "0000";
  if (text.size() > 8 && text[text.size() - 8] == ':') {
    domain = text.substr(0, text.size() - 8);
    text.remove_prefix(text.size() - 7);
    if (domain.size() < 4 || domain.size() > 8 || !std::ranges::all_of(domain, is_hex)) return {};
  }
  if (!is_bus_device_function(text)) return {};
  std::string address = domain + ":" + std::string(text);
  std::ranges::transform(address, address.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return address;
}

std::string_view without_number(std::string_view name) {
  while (!name.empty() && is_digit(name.back())) name.remove_suffix(1);
  return name;
}

Device with_args(Device device, std::string_view args) {
  while (!args.empty()) {
    args.remove_prefix(1);  // the comma
    const std::string_view item = args.substr(0, args.find(','));
    const std::size_t equals = item.find('=');
    if (!item.empty()) {
      device.args.emplace_back(item.substr(0, equals), equals == std::string_view::npos
                                                           ? std::string_view()
                                                           : item.substr(equals + 1));
    }
    args.remove_prefix(item.size());
  }
  return device;
}

}  // namespace

std::optional<std::string_view> Device::arg(std::string_view key) const {
  const auto found = std::ranges::find(args, key, &std::pair<std::string, std::string>::first);
  if (found == args.end()) return std::nullopt;
  return found->second;
}

std::size_t Device::count(std::string_view key) const {
  return static_cast<std::size_t>(
      std::ranges::count(args, key, &std::pair<std::string, std::string>::first));
}

bool PortConfig::lossless() const {
  if (lossless_setting != Lossless::kAuto) return lossless_setting == Lossless::kYes;
  if (device.kind == DeviceKind::kPci) return false;
  const std::string_view driver = driver_family(device);
  // The pcap driver can also capture live; then the kernel drops packets that nobody fetches.
  if (driver == "pcap") return interfaces(device).empty();
  return driver == "memif" || driver == "ring" || driver == "null";
}

std::optional<std::string_view> likely_driver(std::string_view driver) {
  const std::string name =
      driver.starts_with("eth_") ? "net_" + std::string(driver.substr(4)) : std::string(driver);
  if (std::ranges::find(kVirtualDrivers, std::string_view(name)) != kVirtualDrivers.end()) {
    return std::nullopt;
  }
  return nearest(name, kVirtualDrivers);
}

std::string_view driver_family(const Device& device) {
  constexpr std::size_t kPrefix = 4;
  return std::string_view(device.driver).substr(std::min(kPrefix, device.driver.size()));
}

std::vector<std::string> interfaces(const Device& device) {
  const std::string_view driver = driver_family(device);
  std::vector<std::string> names;
  for (const auto& [key, value] : device.args) {
    const bool captures = driver == "pcap" && (key == "rx_iface" || key == "rx_iface_in");
    const bool takes = driver == "pcap" || driver == "af_packet" || driver == "af_xdp" ||
                       driver == "tap" || driver == "tun";
    if (captures || (takes && key == "iface")) names.push_back(value);
  }
  return names;
}

std::vector<std::string> traces(const Device& device) {
  std::vector<std::string> files;
  if (driver_family(device) != "pcap") return files;
  for (const auto& [key, value] : device.args) {
    if (key == "rx_pcap") files.push_back(value);
  }
  return files;
}

bool endless(const Device& device) {
  return device.arg("infinite_rx") == "1" && !traces(device).empty();
}

std::variant<Device, Problem> parse_device(std::string_view text) {
  const std::string_view name = text.substr(0, text.find(','));
  const std::string_view args = text.substr(name.size());
  if (const std::string address = pci_address(name); !address.empty()) {
    Device device{.kind = DeviceKind::kPci, .spec = address + std::string(args), .name = address};
    return with_args(std::move(device), args);
  }
  const bool has_driver =
      (name.starts_with("net_") || name.starts_with("eth_")) && without_number(name).size() > 4;
  if (!has_driver || name.size() > kMaxNameBytes || !std::ranges::all_of(name, is_name)) {
    return Problem{
        "",
        "device " + in_quotes(text) + " is neither a PCI address nor the name of a virtual device",
        "write one such as 0000:01:00.0, net_pcap0,rx_pcap=FILE or "
        "net_af_packet0,iface=eth0"};
  }
  Device device{.kind = DeviceKind::kVdev,
                .spec = std::string(text),
                .name = std::string(name),
                .driver = std::string(without_number(name))};
  return with_args(std::move(device), args);
}

}  // namespace esc::config
