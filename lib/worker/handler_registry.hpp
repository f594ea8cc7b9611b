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

/// Made in main and handed to all that must know handlers: the configuration and its check, the
/// route set, the workers, figures. Filled before the appliance is made, and not changed while it
/// lives; const functions: any thread.
class HandlerRegistry {
 public:
  /// What routes and events carry instead of a name. It means nothing outside its registry.
  using Id = std::uint16_t;

  /// Throws std::invalid_argument if there is one of that name, if it has no name or cannot be
  /// made, or if there are too many.
  Id add(const HandlerDescriptor& descriptor);

  [[nodiscard]] std::optional<Id> find(std::string_view name) const noexcept;
  /// `id` is one of its own.
  [[nodiscard]] const HandlerDescriptor& operator[](Id id) const { return descriptors_.at(id); }
  /// Empty: no handler has that id.
  [[nodiscard]] std::string_view name(std::size_t id) const noexcept {
    return id < names_.size() ? names_[id] : std::string_view();
  }
  [[nodiscard]] std::size_t size() const noexcept { return descriptors_.size(); }
  /// In the order in which they were added.
  [[nodiscard]] const std::vector<std::string_view>& names() const noexcept { return names_; }

 private:
  std::vector<HandlerDescriptor> descriptors_;  ///< by id, like the next one
  std::vector<std::string_view> names_;
};

}  // namespace esc::worker
