// SPDX-License-Identifier: BSD-3-Clause
// What the rings need from the memory model, as a policy: tests put an interleaving explorer in its
// place.
#pragma once

#include <atomic>

namespace esc::ring {

/// The policy of the product: std::atomic, and nothing at all for the two hooks.
///
/// The hooks name every access to memory that is not atomic and that another thread touches at
/// another time. A ring calls them just before the access, with the element's address; a checker
/// can tell from them whether each access is ordered after the other side's last one.
struct StdAtomics {
  template <class U>
  using atomic = std::atomic<U>;

  static constexpr void will_read(const void* /*element*/) noexcept {}
  static constexpr void will_write(const void* /*element*/) noexcept {}
};

}  // namespace esc::ring
