// SPDX-License-Identifier: BSD-3-Clause
// The handlers that an appliance has, by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "worker/handler.hpp"

namespace esc::worker {

/// main() makes the registry and passes it to all code that must know the handlers: the
/// configuration and its check, the routes, the workers, the figures. It is filled before the
/// appliance is made and not changed while the appliance lives. Thread: any for const functions.
class HandlerRegistry {
 public:
  /// The number by which routes and events refer to a handler. It has a meaning in this registry
  /// only.
  using Id = std::uint16_t;

  /// Throws std::invalid_argument if a handler of this name is there already, if the descriptor has
  /// no name or no `make`, if a counter's name is none or comes twice, or if there are too many
  /// handlers.
  Id add(const HandlerDescriptor& descriptor);

  [[nodiscard]] std::optional<Id> find(std::string_view name) const noexcept;
  /// `id` comes from this registry.
  [[nodiscard]] const HandlerDescriptor& operator[](Id id) const { return descriptors_.at(id); }
  /// The name of a handler; empty if no handler has this id.
  [[nodiscard]] std::string_view name(std::size_t id) const noexcept {
    return id < names_.size() ? names_[id] : std::string_view();
  }
  [[nodiscard]] std::size_t size() const noexcept { return descriptors_.size(); }
  /// All names, in the order in which they were added.
  [[nodiscard]] const std::vector<std::string_view>& names() const noexcept { return names_; }

 private:
  std::vector<HandlerDescriptor> descriptors_;  ///< by id, like names_
  std::vector<std::string_view> names_;
};

}  // namespace esc::worker
