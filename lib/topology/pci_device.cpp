// SPDX-License-Identifier: BSD-3-Clause
#include "topology/pci_device.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "base/errno_text.hpp"
#include "topology/small_file.hpp"

namespace esc::topology {
namespace {

using namespace std::string_view_literals;

constexpr std::array kSharingDrivers = {"mlx4_core"sv, "mlx5_core"sv};
constexpr std::array kUserDrivers = {"vfio-pci"sv, "uio_pci_generic"sv, "igb_uio"sv};

// The kernel makes these names, but a tree that somebody else made may hold any bytes.
std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

bool is_network_class(const std::filesystem::path& device) {
  constexpr std::uint64_t kNetworkController = 0x02;
  const auto code = first_number(device / "class");  // 0x020000: class, subclass, interface
  return !code || (*code >> 16U) == kNetworkController;
}

// Name of the kernel interface that the device carries and that is up; empty: none.
std::string interface_in_use(const std::filesystem::path& device) {
  constexpr std::uint64_t kInterfaceUp = 0x1;  // IFF_UP
  std::error_code error;
  std::vector<std::filesystem::path> places = {device / "net"};
  // A virtio card has another device in between: virtio0/net/eth0.
  for (const auto& entry : std::filesystem::directory_iterator(device, error)) {
    if (entry.path().filename().native().starts_with("virtio"))
      places.push_back(entry.path() / "net");
  }
  for (const std::filesystem::path& place : places) {
    for (const auto& entry : std::filesystem::directory_iterator(place, error)) {
      const auto flags = first_number(entry.path() / "flags");
      if (flags && (*flags & kInterfaceUp) != 0) return printable(entry.path().filename().string());
    }
  }
  return {};
}

// Two functions of a card may be in one group, and this process may have opened the group for the
// other one.
bool held_by_us(const std::filesystem::path& node) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    if (std::filesystem::read_symlink(entry.path(), error) == node) return true;
  }
  return false;
}

std::optional<PciProblem> vfio_problem(const SysRoot& root, const std::filesystem::path& device,
                                       const std::string& address) {
  std::error_code error;
  const auto link = std::filesystem::read_symlink(device / "iommu_group", error);
  if (error) {
    return PciProblem{
        "PCI device " + address + " has no IOMMU group",
        "switch the IOMMU on in the firmware and boot with intel_iommu=on or amd_iommu=on"};
  }
  const std::string group = printable(link.filename().string());
  auto node = root.at("/dev/vfio") / group;
  std::string shown = "/dev/vfio/" + group;
  if (!std::filesystem::exists(node, error)) {
    // The group's name if the kernel was told to work without an IOMMU.
    const auto unsafe = root.at("/dev/vfio") / ("noiommu-" + group);
    if (std::filesystem::exists(unsafe, error)) {
      node = unsafe;
      shown = "/dev/vfio/noiommu-" + group;
    }
  }
  const int opened = open(node.c_str(), O_RDWR | O_CLOEXEC);
  if (opened >= 0) {
    close(opened);
    return std::nullopt;
  }
  const int reason = errno;
  if (reason != EBUSY) {
    return PciProblem{"cannot open " + shown + ": " + errno_text(reason),
                      reason == EACCES || reason == EPERM
                          ? "run as root, or give your user the file"
                          : "bind the device again: deploy/unbind-port " + address +
                                ", deploy/bind-port " + address};
  }
  if (held_by_us(node)) return std::nullopt;
  return PciProblem{
      "PCI device " + address + " is in use: another process has its IOMMU group, " + shown,
      "stop that process (fuser -v " + shown + " names it), or take another port", true};
}

}  // namespace

std::optional<PciProblem> pci_problem(const SysRoot& root, const std::string& address) {
  const auto device = root.at("/sys/bus/pci/devices") / address;
  std::error_code error;
  if (!std::filesystem::exists(device, error)) {
    return PciProblem{"there is no PCI device " + address,
                      "dpdk-devbind.py --status-dev net lists them"};
  }
  if (!is_network_class(device)) {
    return PciProblem{"PCI device " + address + " is not a network device",
                      "dpdk-devbind.py --status-dev net lists them"};
  }
  const auto link = std::filesystem::read_symlink(device / "driver", error);
  const std::string driver = error ? std::string() : printable(link.filename().string());
  if (std::ranges::find(kSharingDrivers, driver) != kSharingDrivers.end()) return std::nullopt;
  if (driver == "vfio-pci") return vfio_problem(root, device, address);
  if (std::ranges::find(kUserDrivers, driver) != kUserDrivers.end()) return std::nullopt;
  const std::string interface = interface_in_use(device);
  const std::string bind = "deploy/bind-port " + address;
  if (!interface.empty()) {
    return PciProblem{
        "PCI device " + address + " carries the kernel interface '" + interface + "', which is up",
        "if nothing needs it: " + bind};
  }
  return PciProblem{"PCI device " + address + " is bound to " +
                        (driver.empty() ? "no driver" : "kernel driver '" + driver + "'"),
                    bind};
}

}  // namespace esc::topology
