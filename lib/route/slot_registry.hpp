// SPDX-License-Identifier: BSD-3-Clause
// Which slot of per-topic figures a route has, across reloads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace esc::route {

/// A pattern keeps its slot from reload to reload, so that its figures go on; a new one takes a
/// free slot. The slot of a pattern that went is handed out again only once its owner says that
/// nobody counts in it any more.
///
/// Two steps, because a set may be built and then not published: plan() changes nothing. Thread:
/// the control thread.
class SlotRegistry {
 public:
  /// Slots 0..slots-1.
  explicit SlotRegistry(std::uint32_t slots) : slots_(slots) {}

  struct Plan {
    std::vector<std::uint32_t> slots{};  ///< of each pattern, in their order
    /// Slots that are newly given out: their figures have to begin at 0.
    std::vector<std::uint32_t> fresh{};
    std::uint64_t version = 0;  ///< of the registry it was made for
  };
  struct Shortage {
    std::size_t wanted = 0;   ///< slots for new patterns
    std::size_t free = 0;     ///< that there are
    std::size_t retired = 0;  ///< slots that are not quiet yet, or retire with this plan
  };

  /// What slots these patterns would have. No two are equal.
  [[nodiscard]] std::variant<Plan, Shortage> plan(std::span<const std::string_view> patterns) const;

  /// The set of that plan is published; patterns that are not in it retire. Nothing may have
  /// happened since it was planned: throws std::logic_error. If it throws, that or for want of
  /// memory, nothing is changed. Returns a ticket for quiet().
  std::uint64_t commit(std::span<const std::string_view> patterns, const Plan& plan);

  /// Nobody uses a set older than the ticket's any more: slots that retired with that set or before
  /// it become free.
  void quiet(std::uint64_t ticket) noexcept;

  [[nodiscard]] std::size_t retired() const;

 private:
  struct Entry {
    std::uint32_t slot = 0;
    std::uint64_t seen = 0;     ///< ticket of the last set that had it
    std::uint64_t retired = 0;  ///< ticket of the first set without it; 0: it is in use
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };

  std::uint32_t slots_;
  std::uint32_t untouched_ = 0;      ///< from here on no slot was ever given out
  std::vector<std::uint32_t> free_;  ///< given out once, and free again
  std::unordered_map<std::string, Entry, TextHash, std::equal_to<>> entries_;
  std::uint64_t ticket_ = 0;
  std::uint64_t version_ = 0;
};

}  // namespace esc::route
