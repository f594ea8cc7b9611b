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
  kGone,  ///< there is no interface of its number in this network namespace any more
};

/// By its number, which an interface keeps when it is renamed, and which one of the same name that
/// is made later does not get: what was bound to the old one does not hear the new one.
class Interface {
 public:
  /// nullopt: there is none of that name, or the kernel cannot be asked.
  [[nodiscard]] static std::optional<Interface> find(const std::string& name);
  /// nullopt: the kernel cannot be asked.
  [[nodiscard]] static std::optional<Interface> of(unsigned index);

  [[nodiscard]] unsigned index() const noexcept { return index_; }
  /// Asks the kernel. Takes none of its locks that others hold for long (the two requests are
  /// answered under RCU), so it does not wait.
  [[nodiscard]] InterfaceState state() const noexcept;

 private:
  Interface(unsigned index, FileDescriptor socket) : index_(index), socket_(std::move(socket)) {}

  unsigned index_;
  FileDescriptor socket_;  ///< any: the requests need one
};

/// What sysfs has of an interface. nullopt: nothing; or it shows those of another network
/// namespace, as it does to a process that has entered one without mounting its own.
[[nodiscard]] std::optional<std::filesystem::path> interface_folder(const SysRoot& root,
                                                                    const std::string& name);

/// As it is now; nullopt: there is none of that name.
[[nodiscard]] std::optional<InterfaceState> interface_state(const SysRoot& root,
                                                            const std::string& name);

/// It is there and down, whatever its carrier is.
[[nodiscard]] bool is_switched_off(const SysRoot& root, const std::string& name);

/// The receive queues that are in use; 0: not known.
[[nodiscard]] unsigned receive_queues(const SysRoot& root, const std::string& interface);

/// Whether who sends through a virtual interface, a veth say, leaves checksums to hardware that is
/// not there. Told by the interface's own setting, since that of the other end, which counts, may
/// be in another network namespace: they are alike until somebody changes one. True where the
/// setting is not to be had.
[[nodiscard]] bool leaves_checksums(const SysRoot& root, const std::string& interface);

}  // namespace esc::topology
