// SPDX-License-Identifier: BSD-3-Clause
// Takes connections from the listening sockets into the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/reasons.hpp"
#include "route/connection_rules.hpp"
#include "tcp/connection_board.hpp"
#include "tcp/connection_table.hpp"
#include "tcp/epoll_sockets.hpp"
#include "telemetry/connection_counters.hpp"

namespace esc::tcp {

/// Listeners and connections are watched under keys that tell them apart. Sockets: as EpollSockets.
/// Thread: the TCP role's lcore.
template <class Sockets>
class Acceptor {
 public:
  /// Nothing is owned; everything outlives it. `pause_cycles`: TSC cycles in which nothing is
  /// accepted after that failed.
  Acceptor(Sockets& sockets, std::vector<int> listeners, ConnectionTable& table,
           ConnectionBoard& board, telemetry::ConnectionCounters& counters,
           std::uint64_t pause_cycles)
      : sockets_(sockets),
        listeners_(std::move(listeners)),
        knocks_(listeners_.size()),
        table_(table),
        board_(board),
        counters_(counters),
        pause_cycles_(pause_cycles) {}

  /// How many listeners the kernel does not watch, for want of memory.
  [[nodiscard]] std::size_t watch_all() noexcept {
    std::size_t failed = 0;
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      if (!sockets_.watch(listeners_[i], kListenerBit | i)) ++failed;
    }
    return failed;
  }

  [[nodiscard]] static SocketKey key_of(std::uint32_t slot, std::uint32_t generation) noexcept {
    return SocketKey{generation} << 32U | slot;
  }

  /// True: the key is a listener's, and somebody waits there.
  [[nodiscard]] bool note(SocketKey key) noexcept {
    if ((key & kListenerBit) == 0) return false;
    knocks_[key & ~kListenerBit] = 1;
    return true;
  }

  /// Accepts some of those who wait.
  void poll(const route::ConnectionRules& rules, std::uint64_t now) noexcept {
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      if (knocks_[i] != 0 && now - last_failed_ >= pause_cycles_) accept_some(i, rules, now);
    }
  }

 private:
  static constexpr SocketKey kListenerBit = SocketKey{1} << 63U;
  static constexpr unsigned kAcceptsInAPoll = 4;

  void accept_some(std::size_t listener, const route::ConnectionRules& rules,
                   std::uint64_t now) noexcept {
    for (unsigned i = 0; i < kAcceptsInAPoll; ++i) {
      Accepted accepted = Sockets::accept(listeners_[listener]);
      if (accepted.error != 0) {  // no descriptor is left, say: others are served meanwhile
        counters_.accepts_failed.add();
        last_failed_ = now;
        return;
      }
      if (accepted.gone) continue;
      if (!accepted.socket.valid()) {
        // The kernel says so when the next one comes.
        knocks_[listener] = 0;
        return;
      }
      if (const auto refused = refusal(listener, accepted.peer, rules)) {
        counters_.refused.add(*refused);
      } else {
        admit(std::move(accepted), now);
      }
    }
  }

  /// nullopt: it is taken.
  [[nodiscard]] std::optional<StreamRefusal> refusal(
      std::size_t listener, const intake::StreamPeer& peer,
      const route::ConnectionRules& rules) const noexcept {
    if (!rules.may_connect(listener, peer.address)) return StreamRefusal::kNotAllowed;
    if (rules.max_per_source != 0 && peer.address &&
        table_.count_from(*peer.address) >= rules.max_per_source) {
      return StreamRefusal::kTooMany;
    }
    if (table_.full()) return StreamRefusal::kFull;
    return std::nullopt;
  }

  void admit(Accepted accepted, std::uint64_t now) noexcept {
    const int fd = accepted.socket.get();
    const std::uint32_t slot = table_.add(std::move(accepted.socket), accepted.peer, now);
    counters_.accepted.add();
    if (!sockets_.watch(fd, key_of(slot, table_.generation(slot)))) {
      counters_.closed.add(StreamEnd::kFailed);
      table_.close(slot);
    } else {
      board_.open(slot, accepted.peer, now);
    }
    counters_.open.set(table_.size());
  }

  Sockets& sockets_;
  std::vector<int> listeners_;
  std::vector<std::uint8_t> knocks_;  ///< by listener: 1: somebody may wait to be accepted
  ConnectionTable& table_;
  ConnectionBoard& board_;
  telemetry::ConnectionCounters& counters_;
  std::uint64_t pause_cycles_;
  std::uint64_t last_failed_ = 0;
};

}  // namespace esc::tcp
