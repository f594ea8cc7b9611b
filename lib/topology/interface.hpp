// SPDX-License-Identifier: BSD-3-Clause
// A network interface of the kernel, watched while something receives through it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "base/file_descriptor.hpp"
#include "topology/sys_root.hpp"

namespace esc::topology {

enum class InterfaceState : std::uint8_t {
  kUp,    ///< it is up and has a carrier
  kDown,  ///< it is there, and is down or has no carrier
  kGone,  ///< no interface of this network namespace has its number any more
};

/// It is known by its number. An interface keeps the number when it is renamed, and a new interface
/// of the same name gets another: a socket that was bound to the old one receives nothing from the
/// new one.
class Interface {
 public:
  /// nullopt: there is none of that name, or the kernel cannot be asked.
  [[nodiscard]] static std::optional<Interface> find(const std::string& name);
  /// nullopt: the kernel cannot be asked.
  [[nodiscard]] static std::optional<Interface> of(unsigned index);

  [[nodiscard]] unsigned index() const noexcept { return index_; }
  /// Asks the kernel. It does not wait: the kernel answers both requests under RCU, without a lock
  /// that others may hold for long.
  [[nodiscard]] InterfaceState state() const noexcept;

 private:
  Interface(unsigned index, FileDescriptor socket) : index_(index), socket_(std::move(socket)) {}

  unsigned index_;
  FileDescriptor socket_;  ///< any socket: the requests need one
};

/// The folder of an interface in sysfs. nullopt: there is none, or sysfs shows another network
/// namespace (if the process entered a namespace without mounting its own sysfs).
[[nodiscard]] std::optional<std::filesystem::path> interface_folder(const SysRoot& root,
                                                                    const std::string& name);

/// The state of the interface now; nullopt: there is no interface of that name.
[[nodiscard]] std::optional<InterfaceState> interface_state(const SysRoot& root,
                                                            const std::string& name);

/// Whether the interface exists and is set to down, whatever its carrier is.
[[nodiscard]] bool is_switched_off(const SysRoot& root, const std::string& name);

/// The receive queues that are in use; 0: not known.
[[nodiscard]] unsigned receive_queues(const SysRoot& root, const std::string& interface);

/// Whether programs that send into a virtual interface (such as a veth) leave checksums to hardware
/// that does not exist. That depends on the setting of the other end, which may be in another
/// network namespace, so the interface's own setting is read instead: both are the same until
/// somebody changes one. True if the setting cannot be read.
[[nodiscard]] bool leaves_checksums(const SysRoot& root, const std::string& interface);

}  // namespace esc::topology
