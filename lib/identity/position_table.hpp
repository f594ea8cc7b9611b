// SPDX-License-Identifier: BSD-3-Clause
// The producers that asked for their positions, and what of their numbers is settled.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/mix.hpp"
#include "identity/settled_numbers.hpp"

namespace esc::identity {

/// Finds a producer's SettledNumbers. Each epoch of a producer has numbers of its own, so that what
/// is still in flight of an earlier one is told apart. A hash leads to kWays places, and nowhere
/// else: whoever looks reads a bounded number of them, and a place that is given to another
/// producer leaves nothing behind. If all are taken by producers that have something in flight or
/// were heard lately, there is no room, and no position.
///
/// Thread: the dispatcher's lcore tracks and takes numbers in. Others settle by the place that the
/// dispatcher named, and read positions. A place is not given on while a number is in flight, so
/// whoever settles finds the producer that it means.
class PositionTable {
 public:
  static constexpr std::size_t kWays = 8;
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Settings {
    std::size_t producers = 0;      ///< rounded up to kWays times a power of two
    std::size_t window = 4096;      ///< numbers; a power of two, at least 64
    std::uint64_t idle_cycles = 0;  ///< TSC cycles after which a place may be given on
    std::uint64_t seed = 0;
  };

  /// Start-up only: allocates.
  explicit PositionTable(const Settings& settings)
      : settings_(settings),
        words_(settings.window / SettledNumbers::kWordBits),
        places_(std::bit_ceil((settings.producers + kWays - 1) / kWays) * kWays),
        open_(places_.size() * words_),
        gaps_(places_.size() * words_) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      places_[i].numbers.emplace(places_[i].entry, std::span(open_).subspan(i * words_, words_),
                                 std::span(gaps_).subspan(i * words_, words_));
    }
  }
  PositionTable(const PositionTable&) = delete;
  PositionTable& operator=(const PositionTable&) = delete;

  [[nodiscard]] std::size_t places() const noexcept { return places_.size(); }

  /// Dispatcher: the place of the producer in this epoch. If it has none, it gets one, in which
  /// numbers from `first` on are looked at. kNone: there is no room. `now`: TSC.
  [[nodiscard]] std::uint32_t track(std::uint64_t producer, std::uint32_t epoch,
                                    std::uint64_t first, std::uint64_t now) noexcept {
    const std::size_t bucket = bucket_of(producer);
    std::uint32_t found = find(bucket, producer, epoch);
    if (found == kNone) {
      found = free_in(bucket, now);
      if (found == kNone) return kNone;
      give(places_[found], producer, epoch, first);
    }
    places_[found].used_tsc = now;
    return found;
  }

  /// Dispatcher, and any stage to settle: `place` is what track() returned.
  [[nodiscard]] SettledNumbers& numbers(std::uint32_t place) noexcept {
    return *places_[place].numbers;
  }

  /// Any thread. Not known: the producer has no place in this epoch, or nobody can say.
  [[nodiscard]] SettledPosition position(std::uint64_t producer,
                                         std::uint32_t epoch) const noexcept {
    const std::uint32_t found = find(bucket_of(producer), producer, epoch);
    if (found == kNone) return {};
    const Place& place = places_[found];
    const std::uint64_t turn = place.turn.load(std::memory_order_acquire);
    if (!is_of(place, producer, epoch)) return {};
    SettledPosition position = place.numbers->position();
    // All loads before this one acquire. The place was nobody else's between the two.
    position.known = position.known && place.turn.load(std::memory_order_acquire) == turn;
    return position;
  }

 private:
  struct Place {
    SettledEntry entry;
    // Written by the dispatcher.
    std::atomic<std::uint64_t> turn{0};  ///< odd: somebody has it; else it is being given, or free
    std::atomic<std::uint64_t> producer{0};
    std::atomic<std::uint32_t> epoch{0};
    std::uint64_t used_tsc = 0;  ///< the dispatcher's own
    std::optional<SettledNumbers> numbers;
  };

  [[nodiscard]] std::size_t bucket_of(std::uint64_t producer) const noexcept {
    return mixed(producer ^ settings_.seed) % (places_.size() / kWays) * kWays;
  }
  [[nodiscard]] static bool is_of(const Place& place, std::uint64_t producer,
                                  std::uint32_t epoch) noexcept {
    // Acquire: pairs with the release in give().
    return place.turn.load(std::memory_order_acquire) % 2 != 0 &&
           place.producer.load(std::memory_order_acquire) == producer &&
           place.epoch.load(std::memory_order_acquire) == epoch;
  }
  [[nodiscard]] std::uint32_t find(std::size_t bucket, std::uint64_t producer,
                                   std::uint32_t epoch) const noexcept {
    for (std::size_t i = bucket; i < bucket + kWays; ++i) {
      if (is_of(places_[i], producer, epoch)) return static_cast<std::uint32_t>(i);
    }
    return kNone;
  }
  /// One that nobody has; else the one that was unused for longest, if it may be given on.
  [[nodiscard]] std::uint32_t free_in(std::size_t bucket, std::uint64_t now) const noexcept {
    std::uint32_t best = kNone;
    for (std::size_t i = bucket; i < bucket + kWays; ++i) {
      const Place& place = places_[i];
      if (place.turn.load(std::memory_order_relaxed) == 0) return static_cast<std::uint32_t>(i);
      if (now - place.used_tsc < settings_.idle_cycles || place.numbers->in_flight() != 0) continue;
      if (best == kNone || place.used_tsc < places_[best].used_tsc) {
        best = static_cast<std::uint32_t>(i);
      }
    }
    return best;
  }
  static void give(Place& place, std::uint64_t producer, std::uint32_t epoch,
                   std::uint64_t first) noexcept {
    // Nobody finds the place meanwhile. Release: whoever sees one of these stores sees those before
    // it.
    const std::uint64_t turn = place.turn.load(std::memory_order_relaxed);
    place.turn.store(turn + turn % 2, std::memory_order_release);
    place.producer.store(producer, std::memory_order_release);
    place.epoch.store(epoch, std::memory_order_release);
    place.numbers->restart(first);
    place.turn.store(turn + turn % 2 + 1, std::memory_order_release);
  }

  Settings settings_;
  std::size_t words_;
  std::vector<Place> places_;
  std::vector<SettledNumbers::Word> open_;
  std::vector<std::uint64_t> gaps_;
};

}  // namespace esc::identity
