// SPDX-License-Identifier: BSD-3-Clause
// A value that readers on other lcores find by one load, and that is replaced while they run.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "runtime/quiescence.hpp"

namespace esc::runtime {

/// The current T, immutable once published. Writer: the main lcore. Readers: lcores that report to
/// the same Quiescence; what get() returned is theirs until their next quiescent state.
template <class T>
class Published {
 public:
  /// How many replaced ones may wait for their readers.
  static constexpr std::size_t kMostRetired = 4;

  /// `quiescence` outlives it.
  Published(Quiescence& quiescence, std::unique_ptr<const T> first)
      : quiescence_(quiescence), owned_(std::move(first)), current_(owned_.get()) {}
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;

  /// Any thread that reports, or the writer. Never null.
  [[nodiscard]] const T* get() const noexcept {
    // Acquire: pairs with the release in publish(), so that the whole of it is seen.
    return current_.load(std::memory_order_acquire);
  }

  /// How often the value was replaced. Its address does not tell: a new value may lie where an old
  /// one lay. A reader that reads the version and then calls get() has the value of that version or
  /// a newer one.
  [[nodiscard]] std::uint64_t version() const noexcept {
    // Acquire: pairs with the release in publish(), which follows that of the value.
    return version_.load(std::memory_order_acquire);
  }

  /// Writer. Whether another value may be published; if not, awaited() says which readers are not
  /// through.
  [[nodiscard]] bool has_room() noexcept {
    (void)reclaim();
    return count_ < kMostRetired;
  }
  /// Writer; has_room(). Readers find `next` from now on.
  void publish(std::unique_ptr<const T> next) noexcept {
    // Release: pairs with the acquire in get().
    current_.store(next.get(), std::memory_order_release);
    version_.store(version_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    std::swap(owned_, next);
    // The place exists already: if it had to be allocated here and that failed, the old value would
    // be freed while readers use it.
    retired_[(first_ + count_++) % kMostRetired] = {quiescence_.begin_grace(), std::move(next)};
  }
  /// Writer. Frees the replaced values that no reader can have any more; returns whether none is
  /// left.
  bool reclaim() noexcept {
    while (count_ != 0 && quiescence_.over(retired_[first_].token)) {
      retired_[first_].value.reset();
      first_ = (first_ + 1) % kMostRetired;
      --count_;
    }
    return count_ == 0;
  }
  /// Writer. The readers for which the oldest replaced value waits.
  [[nodiscard]] std::vector<std::size_t> awaited() const {
    if (count_ == 0) return {};
    return quiescence_.awaited(retired_[first_].token);
  }
  [[nodiscard]] std::size_t retired() const noexcept { return count_; }

 private:
  struct Retired {
    std::uint64_t token = 0;
    std::unique_ptr<const T> value;
  };
  Quiescence& quiescence_;
  std::unique_ptr<const T> owned_;
  std::atomic<const T*> current_;
  std::atomic<std::uint64_t> version_{0};
  std::array<Retired, kMostRetired> retired_;  ///< `count_` of them from `first_` on, oldest first
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace esc::runtime
