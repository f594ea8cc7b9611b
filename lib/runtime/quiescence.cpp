// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/quiescence.hpp"

#include <cstdlib>
#include <new>

#include "base/align.hpp"

namespace esc::runtime {

void Quiescence::Free::operator()(rte_rcu_qsbr* state) const noexcept {
  std::free(state);
}

Quiescence::Quiescence(std::size_t readers) : readers_(readers) {
  const auto count = static_cast<std::uint32_t>(readers);
  const std::size_t bytes = rte_rcu_qsbr_get_memsize(count);
  state_.reset(static_cast<rte_rcu_qsbr*>(std::aligned_alloc(kCacheLineBytes, bytes)));
  if (state_ == nullptr || rte_rcu_qsbr_init(state_.get(), count) != 0) throw std::bad_alloc();
  // All readers are registered from the start; nobody waits for a reader that is offline.
  for (unsigned reader = 0; reader < count; ++reader) {
    if (rte_rcu_qsbr_thread_register(state_.get(), reader) != 0) throw std::bad_alloc();
  }
}

std::vector<std::size_t> Quiescence::awaited(std::uint64_t token) const {
  std::vector<std::size_t> late;
  for (std::size_t reader = 0; reader < readers_; ++reader) {
    // The same test that rte_rcu_qsbr_check makes for all readers, here for one of them, with the
    // same acquire.
    const std::uint64_t seen = __atomic_load_n(&state_->qsbr_cnt[reader].cnt, __ATOMIC_ACQUIRE);
    if (seen != __RTE_QSBR_CNT_THR_OFFLINE && seen < token) late.push_back(reader);
  }
  return late;
}

}  // namespace esc::runtime
