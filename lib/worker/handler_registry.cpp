// SPDX-License-Identifier: BSD-3-Clause
#include "worker/handler_registry.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

namespace esc::worker {

std::uint64_t HandlerContext::option(std::string_view name) const {
  const auto found = std::ranges::find(options, name, &HandlerOption::name);
  if (found == options.end())
    throw std::logic_error("a handler has no option " + std::string(name));
  return found->value;
}

HandlerRegistry::Id HandlerRegistry::add(const HandlerDescriptor& descriptor) {
  const std::string name(descriptor.name);
  if (name.empty()) throw std::invalid_argument("a handler has no name");
  if (descriptor.make == nullptr)
    throw std::invalid_argument("handler " + name + " has no factory");
  for (const HandlerCounter& counter : descriptor.counters) {
    const auto same = [&counter](const HandlerCounter& other) {
      return other.name == counter.name;
    };
    if (!telemetry::is_figure_name(counter.name) ||
        std::ranges::count_if(descriptor.counters, same) != 1)
      throw std::invalid_argument("handler " + name + ": \"" + std::string(counter.name) +
                                  "\" is no name for a counter, or two counters have it");
  }
  if (find(name)) throw std::invalid_argument("there are two handlers of the name " + name);
  if (size() > std::numeric_limits<Id>::max()) throw std::invalid_argument("too many handlers");
  descriptors_.push_back(descriptor);
  names_.push_back(descriptor.name);
  return static_cast<Id>(size() - 1);
}

std::optional<HandlerRegistry::Id> HandlerRegistry::find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(names_, name);
  if (found == names_.end()) return std::nullopt;
  return static_cast<Id>(found - names_.begin());
}

}  // namespace esc::worker
