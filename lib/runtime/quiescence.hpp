// SPDX-License-Identifier: BSD-3-Clause
// Tells when no lcore can still use what was replaced: quiescent states of the lcores, over
// rte_rcu_qsbr.
#pragma once

#include <rte_rcu_qsbr.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace esc::runtime {

/// Readers are lcores 0 .. n-1, each through a QuiescentReader; one writer, the main lcore. The
/// writer replaces what readers find (a release store of a pointer that they acquire), begins a
/// grace period, and may free the old one once it is over: every reader has since been in a
/// quiescent state, where it holds nothing that it found before, or has been offline.
class Quiescence {
 public:
  explicit Quiescence(std::size_t readers);

  /// Writer. A new grace period; its token.
  [[nodiscard]] std::uint64_t begin_grace() noexcept { return rte_rcu_qsbr_start(state_.get()); }
  /// Writer. Does not wait.
  [[nodiscard]] bool over(std::uint64_t token) const noexcept {
    return rte_rcu_qsbr_check(state_.get(), token, false) != 0;
  }
  /// Writer. The readers that the grace period still waits for.
  [[nodiscard]] std::vector<std::size_t> awaited(std::uint64_t token) const;

  [[nodiscard]] std::size_t readers() const noexcept { return readers_; }

 private:
  friend class QuiescentReader;
  struct Free {
    void operator()(rte_rcu_qsbr* state) const noexcept;
  };
  std::size_t readers_;
  std::unique_ptr<rte_rcu_qsbr, Free> state_;
};

/// One reader's end. Thread: the lcore. Without a Quiescence it does nothing.
class QuiescentReader {
 public:
  QuiescentReader() = default;
  QuiescentReader(Quiescence& quiescence, std::size_t reader) noexcept
      : state_(quiescence.state_.get()), reader_(static_cast<unsigned>(reader)) {}

  /// To be called before it reads anything for the first time, and after offline().
  void online() const noexcept {
    if (state_ != nullptr) rte_rcu_qsbr_thread_online(state_, reader_);
  }
  /// The reader holds nothing at this moment.
  void quiescent() const noexcept {
    if (state_ != nullptr) rte_rcu_qsbr_quiescent(state_, reader_);
  }
  /// The reader holds nothing, and nobody waits for it until it is online again.
  void offline() const noexcept {
    if (state_ != nullptr) rte_rcu_qsbr_thread_offline(state_, reader_);
  }

 private:
  rte_rcu_qsbr* state_ = nullptr;
  unsigned reader_ = 0;
};

}  // namespace esc::runtime
