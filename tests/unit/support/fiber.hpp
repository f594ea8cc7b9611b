// SPDX-License-Identifier: BSD-3-Clause
// Cooperative contexts for the explorer: ucontext, with the annotations that the sanitizers need to
// follow a stack switch.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <memory>

#include "support/sanitizers.hpp"

#if defined(ESC_UNDER_TSAN)
#include <sanitizer/tsan_interface.h>
#endif
#if defined(ESC_UNDER_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace esc::explorer {

/// One context. The default one stands for the thread that calls; others run `entry` on a stack of
/// their own, which must never return. A fiber may be destroyed while suspended: what its frames
/// own is then not released.
class Fiber {
 public:
  Fiber() {
#if defined(ESC_UNDER_TSAN)
    tsan_ = __tsan_get_current_fiber();
#endif
  }

  explicit Fiber(void (*entry)()) : stack_(new std::byte[kStackBytes]) {
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack_.get();
    context_.uc_stack.ss_size = kStackBytes;
    context_.uc_link = nullptr;
    makecontext(&context_, entry, 0);
#if defined(ESC_UNDER_ASAN)
    bottom_ = stack_.get();
    bytes_ = kStackBytes;
#endif
#if defined(ESC_UNDER_TSAN)
    tsan_ = __tsan_create_fiber(0);
#endif
  }

  ~Fiber() {
#if defined(ESC_UNDER_TSAN)
    if (stack_) __tsan_destroy_fiber(tsan_);
#endif
#if defined(ESC_UNDER_ASAN)
    if (stack_) ASAN_UNPOISON_MEMORY_REGION(stack_.get(), kStackBytes);
#endif
  }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Suspends `from`, which runs now, and goes on with `to`. Returns when something switches back
  /// to `from`.
  static void switch_to(Fiber& from, Fiber& to) {
#if defined(ESC_UNDER_TSAN)
    __tsan_switch_to_fiber(to.tsan_, 0);
#endif
#if defined(ESC_UNDER_ASAN)
    came_from() = &from;
    __sanitizer_start_switch_fiber(&from.fake_stack_, to.bottom_, to.bytes_);
#endif
    swapcontext(&from.context_, &to.context_);
    arrived(from);
  }

  /// To be called first thing in `entry`, with the fiber that it belongs to.
  static void arrived([[maybe_unused]] Fiber& here) {
#if defined(ESC_UNDER_ASAN)
    Fiber& before = *came_from();
    __sanitizer_finish_switch_fiber(here.fake_stack_, &before.bottom_, &before.bytes_);
#endif
  }

 private:
  static constexpr std::size_t kStackBytes = std::size_t{256} * 1024;

  ucontext_t context_{};
  std::unique_ptr<std::byte[]> stack_;
#if defined(ESC_UNDER_TSAN)
  void* tsan_ = nullptr;
#endif
#if defined(ESC_UNDER_ASAN)
  static Fiber*& came_from() {
    static Fiber* fiber = nullptr;
    return fiber;
  }
  void* fake_stack_ = nullptr;
  const void* bottom_ = nullptr;
  std::size_t bytes_ = 0;
#endif
};

}  // namespace esc::explorer
