// SPDX-License-Identifier: BSD-3-Clause
#include "topology/interface.hpp"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fstream>
#include <system_error>

#include "topology/small_file.hpp"

namespace esc::topology {
namespace {

constexpr std::size_t kMostNameBytes = IFNAMSIZ - 1;
constexpr unsigned kReceives = IFF_UP | IFF_RUNNING;

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= kMostNameBytes && name != "." && name != ".." &&
         name.find('/') == std::string::npos;
}

InterfaceState state_by(std::uint64_t flags) {
  return (flags & kReceives) == kReceives ? InterfaceState::kUp : InterfaceState::kDown;
}

/// Whether an interface is virtual: it has no card behind it, and is not built on another interface
/// (vlan, bond; those have a DEVTYPE).
bool is_virtual(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::exists(folder / "device", error)) return false;
  std::ifstream about(folder / "uevent");
  bool told = false;
  for (std::string line; std::getline(about, line); told = true) {
    if (line.starts_with("DEVTYPE=") && line != "DEVTYPE=bridge") return false;
  }
  return told;
}

/// The setting that `ethtool -k IFACE` shows for tx checksums; true if it cannot be read.
bool offloads_checksums(const std::string& interface) {
  const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ethtool_value setting{ETHTOOL_GTXCSUM, 1};
  ifreq request{};
  interface.copy(request.ifr_name, kMostNameBytes);
  request.ifr_data = reinterpret_cast<char*>(&setting);
  return ::ioctl(socket.get(), SIOCETHTOOL, &request) != 0 || setting.data != 0;
}

}  // namespace

std::optional<Interface> Interface::of(unsigned index) {
  FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return std::nullopt;
  return Interface(index, std::move(socket));
}

std::optional<Interface> Interface::find(const std::string& name) {
  const unsigned index = if_nametoindex(name.c_str());
  if (index == 0) return std::nullopt;
  return of(index);
}

InterfaceState Interface::state() const noexcept {
  ifreq request{};
  request.ifr_ifindex = static_cast<int>(index_);
  if (::ioctl(socket_.get(), SIOCGIFNAME, &request) != 0) return InterfaceState::kGone;
  // The interface may have been renamed or deleted between the two calls: the next call will tell.
  if (::ioctl(socket_.get(), SIOCGIFFLAGS, &request) != 0) return InterfaceState::kDown;
  return state_by(static_cast<unsigned short>(request.ifr_flags));
}

std::optional<std::filesystem::path> interface_folder(const SysRoot& root,
                                                      const std::string& name) {
  if (!is_name(name)) return std::nullopt;
  std::filesystem::path folder = root.at("/sys/class/net") / name;
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) return std::nullopt;
  const bool of_a_test = !root.prefix.empty();
  if (!of_a_test && first_number(folder / "ifindex") != if_nametoindex(name.c_str())) {
    return std::nullopt;
  }
  return folder;
}

std::optional<InterfaceState> interface_state(const SysRoot& root, const std::string& name) {
  if (!is_name(name)) return std::nullopt;
  if (root.prefix.empty()) {
    const auto interface = Interface::find(name);
    if (!interface) return std::nullopt;
    return interface->state();
  }
  const auto folder = interface_folder(root, name);
  if (!folder) return std::nullopt;
  // These flags are only the interface's own; whether it has a carrier is in another file.
  const bool carrier = first_number(*folder / "carrier").value_or(1) != 0;
  return state_by(first_number(*folder / "flags").value_or(IFF_UP) | (carrier ? IFF_RUNNING : 0));
}

bool is_switched_off(const SysRoot& root, const std::string& name) {
  if (!is_name(name)) return false;
  if (!root.prefix.empty()) {
    const auto folder = interface_folder(root, name);
    return folder && (first_number(*folder / "flags").value_or(IFF_UP) & IFF_UP) == 0;
  }
  const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  name.copy(request.ifr_name, kMostNameBytes);
  return ::ioctl(socket.get(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) == 0;
}

bool leaves_checksums(const SysRoot& root, const std::string& interface) {
  const auto folder = interface_folder(root, interface);
  if (!folder || !is_virtual(*folder)) return false;
  return !root.prefix.empty() || offloads_checksums(interface);
}

unsigned receive_queues(const SysRoot& root, const std::string& interface) {
  unsigned count = 0;
  const auto folder = interface_folder(root, interface);
  if (!folder) return count;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(*folder / "queues", error)) {
    if (entry.path().filename().native().starts_with("rx-")) ++count;
  }
  return count;
}

}  // namespace esc::topology
