// SPDX-License-Identifier: BSD-3-Clause
// Takes connections from the listening sockets into the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "route/connection_rules.hpp"
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
           telemetry::ConnectionCounters& counters, std::uint64_t pause_cycles)
      : sockets_(sockets),
        listeners_(std::move(listeners)),
        knocks_(listeners_.size()),
        table_(table),
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
      if (!accepted.socket.valid()) {
        knocks_[listener] = 0;
        return;
      }
      if (telemetry::Counter* refused = refusal(listener, accepted.peer, rules)) {
        refused->add();
      } else {
        admit(std::move(accepted), now);
      }
    }
  }

  /// What counts a connection that is not taken; null: it is.
  [[nodiscard]] telemetry::Counter* refusal(std::size_t listener, const intake::StreamPeer& peer,
                                            const route::ConnectionRules& rules) noexcept {
    if (!rules.may_connect(listener, peer.address)) return &counters_.not_allowed;
    if (rules.max_per_source != 0 && peer.address &&
        table_.count_from(*peer.address) >= rules.max_per_source) {
      return &counters_.too_many;
    }
    return table_.full() ? &counters_.turned_away : nullptr;
  }

  void admit(Accepted accepted, std::uint64_t now) noexcept {
    const int fd = accepted.socket.get();
    const std::uint32_t slot = table_.add(std::move(accepted.socket), accepted.peer, now);
    counters_.accepted.add();
    if (!sockets_.watch(fd, key_of(slot, table_.generation(slot)))) {
      counters_.failed.add();
      table_.close(slot);
    }
    counters_.open.set(table_.size());
  }

  Sockets& sockets_;
  std::vector<int> listeners_;
  std::vector<std::uint8_t> knocks_;  ///< by listener: 1: somebody may wait to be accepted
  ConnectionTable& table_;
  telemetry::ConnectionCounters& counters_;
  std::uint64_t pause_cycles_;
  std::uint64_t last_failed_ = 0;
};

}  // namespace esc::tcp
