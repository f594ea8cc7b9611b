// SPDX-License-Identifier: BSD-3-Clause
#include "route/slot_registry.hpp"

#include <algorithm>
#include <stdexcept>

namespace esc::route {

std::variant<SlotRegistry::Plan, SlotRegistry::Shortage> SlotRegistry::plan(
    std::span<const std::string_view> patterns) const {
  Plan plan{.version = version_};
  const std::size_t free = free_.size() + (slots_ - untouched_);
  std::size_t wanted = 0;
  std::size_t kept = 0;
  for (const std::string_view pattern : patterns) {
    const auto known = entries_.find(pattern);
    if (known != entries_.end()) {
      plan.slots.push_back(known->second.slot);
      ++kept;
      continue;
    }
    if (wanted < free) {
      const std::uint32_t slot =
          wanted < free_.size() ? free_[free_.size() - 1 - wanted]
                                : untouched_ + static_cast<std::uint32_t>(wanted - free_.size());
      plan.slots.push_back(slot);
      plan.fresh.push_back(slot);
    }
    ++wanted;
  }
  if (wanted > free) return Shortage{wanted, free, entries_.size() - kept};
  return plan;
}

std::uint64_t SlotRegistry::commit(std::span<const std::string_view> patterns, const Plan& plan) {
  if (plan.version != version_ || plan.slots.size() != patterns.size()) {
    throw std::logic_error("a plan of slots is committed that is not the last one made");
  }
  // All allocations come first: so either the whole plan is in force afterwards, or nothing of it.
  decltype(entries_) entering;
  for (const std::string_view pattern : patterns) {
    if (!entries_.contains(pattern)) entering.try_emplace(std::string(pattern));
  }
  entries_.reserve(entries_.size() + entering.size());
  free_.reserve(untouched_ + plan.fresh.size());  // all that quiet() may ever give back

  ++version_;
  ++ticket_;
  const std::size_t reused = std::min(plan.fresh.size(), free_.size());
  free_.resize(free_.size() - reused);
  untouched_ += static_cast<std::uint32_t>(plan.fresh.size() - reused);
  entries_.merge(entering);
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    entries_.find(patterns[i])->second = {.slot = plan.slots[i], .seen = ticket_, .retired = 0};
  }
  for (auto& [pattern, entry] : entries_) {
    if (entry.seen != ticket_ && entry.retired == 0) entry.retired = ticket_;
  }
  return ticket_;
}

void SlotRegistry::quiet(std::uint64_t ticket) noexcept {
  ++version_;
  std::erase_if(entries_, [&](const auto& known) {
    const Entry& entry = known.second;
    const bool over = entry.retired != 0 && entry.retired <= ticket;
    if (over) free_.push_back(entry.slot);
    return over;
  });
}

std::size_t SlotRegistry::retired() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [](const auto& known) { return known.second.retired != 0; }));
}

}  // namespace esc::route
