// SPDX-License-Identifier: BSD-3-Clause
// The dispatcher: takes events from the MPSC ring, finds their routes, refuses those that were seen
// before or come from where they may not, and hands the others to a worker.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "control/flow.hpp"
#include "dispatch/burst_routes.hpp"
#include "dispatch/dispatch_parts.hpp"
#include "dispatch/key_judge.hpp"
#include "dispatch/plain_pass.hpp"
#include "dispatch/pressure_probe.hpp"
#include "dispatch/replay_judge.hpp"
#include "dispatch/sequence_judge.hpp"
#include "dispatch/worker_output.hpp"
#include "event/event.hpp"
#include "event/releaser.hpp"
#include "ring/mpsc_ring.hpp"
#include "ring/spsc_ring.hpp"
#include "route/event_topic.hpp"
#include "route/rules.hpp"
#include "route/topic_cache.hpp"
#include "route/worker_choice.hpp"
#include "runtime/published.hpp"
#include "storage/outlet.hpp"
#include "telemetry/stage_counters.hpp"
#include "telemetry/topic_counters.hpp"

namespace esc::dispatch {

/// Input: ready(max) -> count, peek(i) -> const Event&, stretch(), release(count), as of an
/// MpscRing; Output: as WorkerOutput needs it. Thread: one lcore.
///
/// A worker that stops does not stop the others: an event whose worker has no room is held for a
/// bounded time, or dropped under its reason, as its route says. An event of a connection is held
/// for as long as it takes, since its sender can be made to wait (stream_hold.hpp).
///
/// Words: an event is *judged* (was it seen before, may it come from there), and by that verdict it
/// may be *refused*. It *waits* (is held) while its worker's ring is full. If it cannot be
/// delivered it is *lost*: *kept* as a dead letter, or *dropped* under a reason where none are
/// kept.
template <class Input = ring::MpscRing<event::Event>,
          class Output = ring::SpscRing<event::WorkItem>>
class DispatchStage {
 public:
  static constexpr std::size_t kMaxBurst = SequenceJudge::kMaxBurst;
  using Parts = DispatchParts<Input, Output>;

  // Its workers' outputs refer to it.
  DispatchStage(const DispatchStage&) = delete;
  DispatchStage& operator=(const DispatchStage&) = delete;

  explicit DispatchStage(const Parts& parts)
      : input_(parts.input),
        rules_(parts.rules),
        cache_(parts.cache),
        flow_(parts.flow),
        probe_(parts.probe),
        pressure_table_(parts.pressure_table),
        choice_(static_cast<std::uint32_t>(parts.workers.size())),
        judge_(parts.producers),
        counters_(parts.counters),
        releaser_(parts.pools),
        outlet_(parts.outlet),
        topics_(parts.topics),
        keeps_stale_(parts.keeps_stale && parts.outlet.keeps()),
        lossless_(parts.lossless),
        burst_(std::min(parts.burst, kMaxBurst)),
        stream_cells_(parts.stream_cells, parts.held_board) {
    if (parts.keys.table != nullptr) keys_.emplace(parts.keys);
    for (const auto& worker : parts.workers) {
      workers_.emplace_back(*worker.ring, worker.hold, stream_cells_, parts.hold_limits);
    }
  }

  /// One burst; returns how many events it took, moved on or gave up.
  std::size_t poll(std::uint64_t now) noexcept {
    counters_.polls.add();
    const route::Rules& rules = *rules_.get();
    const bool paused = flow_.read() == control::Flow::kPaused;
    watch_pressure(paused, now);
    const std::size_t moved = held_ + stopped_ != 0 ? serve_held(now) : 0;
    std::size_t taken = 0;
    if (judged_ != 0 && !routes_.are_of(rules.routes)) [[unlikely]] {
      find_again(rules.routes);
    } else if (judged_ == 0 && !paused) {
      taken = hand_over_plain(rules.routes);
      if (taken != burst_) judged_ = input_.ready(burst_ - taken);
      if (judged_ != 0) judge(rules, now);
    }
    if (judged_ != 0) taken += take(rules.routes, now);
    if (taken != 0) publish(taken);
    releaser_.flush();
    counters_.events_held.set(held_);
    return moved + taken;
  }

  void housekeep(std::uint64_t now) noexcept { judge_.housekeep(now); }

  /// Events wait for a worker, or for a producer that has claimed its cells in the input and not
  /// published them yet (ring::MpscRing). While it is paused nothing is taken from there.
  [[nodiscard]] bool blocked() const noexcept {
    if (judged_ != 0 || held_ != 0) return true;
    return input_.size() != 0 && flow_.read() != control::Flow::kPaused;
  }

  /// Null: no event has a key. Any thread.
  [[nodiscard]] const identity::KeyedCounters* key_counters() const noexcept {
    return keys_ ? &keys_->counters() : nullptr;
  }

  /// Any thread.
  [[nodiscard]] const route::TopicCacheCounters& cache_counters() const noexcept {
    return cache_.counters();
  }

  /// For the end of a drain that took too long: calls give_up(const event::Event&, DeadReason) on
  /// the events that wait for workers; returns how many. Only once the lcore has stopped, from the
  /// one thread that then uses the stage; the same holds for the next two functions.
  template <class GiveUp>
  std::size_t discard(GiveUp&& give_up) noexcept {
    std::size_t discarded = 0;
    for (Worker& worker : workers_) {
      discarded += worker.discard([&](const event::WorkItem& item) {
        give_up(item.event, DeadReason::kDrainedAtDeadline);
      });
    }
    held_ = 0;
    counters_.events_held.set(0);
    return discarded;
  }

  /// The same for the events in the input. Events that poll() would refuse are counted as refused,
  /// not given up: a dead letter must not be a copy of a delivered event, since its replay is not
  /// judged by the window. So events without a verdict get one first. Where no dead letters are
  /// kept, they are given up without a verdict: an event that has left no mark can be sent again.
  template <class GiveUp>
  void discard_input(std::uint64_t now, GiveUp&& give_up) noexcept {
    for (;;) {
      std::uint64_t replays = 0;
      if (judged_ == 0) {
        judged_ = input_.ready(burst_);
        if (judged_ == 0) break;
        replays = judge_late(input_, judged_, now);
      }
      sort_out(input_, judged_, replays, now, give_up);
      input_.release(judged_);
      judged_ = 0;
    }
    releaser_.flush();
  }

  /// The same for one event that did not get into the input. After discard_input().
  template <class GiveUp>
  void discard_one(const event::Event& event, std::uint64_t now, GiveUp&& give_up) noexcept {
    const OneEvent alone{&event};
    const std::uint64_t replays = judge_late(alone, 1, now);
    sort_out(alone, 1, replays, now, give_up);
    releaser_.flush();
  }

 private:
  using Worker = WorkerOutput<Output>;

  /// An event by itself, in place of an input.
  struct OneEvent {
    const event::Event* event;

    [[nodiscard]] const event::Event& peek(std::size_t /*i*/) const noexcept { return *event; }
    [[nodiscard]] const event::Event& value(std::size_t /*i*/) const noexcept { return *event; }
    [[nodiscard]] static std::size_t size() noexcept { return 1; }
    [[nodiscard]] OneEvent stretch(std::size_t /*from*/) const noexcept { return *this; }
  };

  /// Each event gets its verdict once, however often it is looked at until its worker has room.
  void judge(const route::Rules& rules, std::uint64_t now) noexcept {
    const Judged judged = judge_numbers(input_, judged_, rules, now);
    if (judged.replays != 0) [[unlikely]]
      judge_replays(rules, judged.replays, now);
    judge_keys(input_, judged_, judged, rules, now);
  }

  template <class Events>
  [[nodiscard]] Judged judge_numbers(const Events& events, std::size_t count,
                                     const route::Rules& rules, std::uint64_t now) noexcept {
    refused_ = {};
    const BurstMasks masks = routes_.find(events, count, rules.routes, cache_);
    refused_.not_allowed = masks.not_allowed;
    const std::uint64_t numbered = masks.sequenced & ~masks.not_allowed;
    if (numbered == 0) return {};
    return judge_.judge(events, numbered, masks.any_replayed, rules.producers, now, refused_);
  }

  template <class Events>
  void judge_keys(const Events& events, std::size_t count, const Judged& judged,
                  const route::Rules& rules, std::uint64_t now) noexcept {
    if (!keys_ || !rules.routes.has_keys()) return;
    refused_.same_key =
        keys_->judge(events, count, refused_.all() | judged.by_number | judged.replays,
                     rules.routes, routes_, now, counters_);
  }

  /// For discard_input(). Returns which events are replayed dead letters, which are not judged: the
  /// sender still has them, and sends them again as long as no appliance has marked them as seen.
  template <class Events>
  [[nodiscard]] std::uint64_t judge_late(const Events& events, std::size_t count,
                                         std::uint64_t now) noexcept {
    refused_ = {};
    if (!outlet_.keeps()) return 0;
    const route::Rules& rules = *rules_.get();
    const Judged judged = judge_numbers(events, count, rules, now);
    judge_keys(events, count, judged, rules, now);
    return judged.replays;
  }

  template <class Events, class GiveUp>
  void sort_out(const Events& events, std::size_t count, std::uint64_t replays, std::uint64_t now,
                GiveUp&& give_up) noexcept {
    const std::uint64_t refused = refused_.all();
    for (std::size_t i = 0; i < count; ++i) {
      const event::Event& event = events.peek(i);
      const std::uint64_t bit = std::uint64_t{1} << i;
      if ((refused & bit) == 0) {
        if ((replays & bit) != 0) {
          drop(event, FrameDrop::kDrainedAtDeadline);
        } else {
          give_up(event, DeadReason::kDrainedAtDeadline);
        }
      } else if ((refused_.stale & bit) != 0 && keeps_stale_) {
        give_up(event, DeadReason::kStale);
      } else {
        refuse(event, bit, now);
      }
    }
  }

  [[gnu::noinline]] void judge_replays(const route::Rules& rules, std::uint64_t replays,
                                       std::uint64_t now) noexcept {
    KeyJudge* keys = keys_ ? &*keys_ : nullptr;
    counters_.replayed.add(
        replay_judge_.judge(input_, replays, rules.replay_sources, keys, now, refused_));
  }

  /// Called when rules were replaced while judged events wait. Refused events stay refused.
  [[gnu::noinline]] void find_again(const route::RouteSet& routes) noexcept {
    const std::uint64_t told = refused_.all();
    refused_.not_allowed |= routes_.find(input_, judged_, routes, cache_).not_allowed & ~told;
  }

  /// Hands over or refuses the judged events in their order, until one has to wait; returns how
  /// many.
  std::size_t take(const route::RouteSet& routes, std::uint64_t now) noexcept {
    const std::uint64_t refused = refused_.all();
    const std::uint64_t unusual = refused | routes_.unknown();
    std::size_t taken = 0;
    for (; taken < judged_; ++taken) {
      if (workers_.size() == 1) {
        taken += hand_over_run(routes, taken, unusual);
        if (taken == judged_) [[likely]]
          break;
      }
      const event::Event& event = input_.peek(taken);
      if ((refused >> taken & 1) != 0) [[unlikely]] {
        refuse_of(routes, routes_[taken], event, std::uint64_t{1} << taken, now);
      } else if (!hand_over(routes, routes_[taken], event, now)) [[unlikely]] {
        break;
      }
    }
    judged_ -= taken;
    if (judged_ != 0) [[unlikely]] {
      counters_.polls_blocked.add();
      refused_.forget(taken);
      routes_.forget(taken);
    }
    input_.release(taken);
    return taken;
  }

  /// Hands over the events at the front of the input that nobody has to judge; returns how many.
  std::size_t hand_over_plain(const route::RouteSet& routes) noexcept {
    if (routes.has_publishers() || (keys_ && routes.has_keys())) return 0;
    const PlainPass plain(routes);
    const std::size_t taken = workers_.size() == 1
                                  ? plain.to_one(input_, burst_, workers_.front())
                                  : plain.to_several(input_, burst_, std::span(workers_), choice_);
    input_.release(taken);
    return taken;
  }

  /// Counts the events taken out of the input, and shows the workers theirs.
  void publish(std::size_t taken) noexcept {
    counters_.bursts.add();
    counters_.events_received.add(taken);
    std::size_t published = 0;
    for (Worker& worker : workers_) published += worker.publish();
    counters_.events_routed.add(published);
  }

  /// Counts an event that is refused, and gives it back. `bit`: its place in the burst.
  [[gnu::noinline]] void refuse(const event::Event& event, std::uint64_t bit,
                                std::uint64_t now) noexcept {
    if (((refused_.not_allowed | refused_.forged | refused_.not_replayer) & bit) != 0) {
      drop(event, (refused_.forged & bit) != 0         ? FrameDrop::kProducerNotAllowed
                  : (refused_.not_replayer & bit) != 0 ? FrameDrop::kReplayNotAllowed
                                                       : FrameDrop::kTopicNotAllowed);
      return;
    }
    if ((refused_.stale & bit) != 0 && keeps_stale_) {
      keep(event, DeadReason::kStale, now);
      return;
    }
    ((refused_.stale & bit) != 0         ? counters_.stale
     : (refused_.same_key & bit) != 0    ? counters_.duplicate_key
     : (refused_.same_replay & bit) != 0 ? counters_.duplicate_replay
                                         : counters_.duplicate)
        .add();
    releaser_.release(event);
  }

  /// The same, and counts it for its topic too.
  [[gnu::noinline]] void refuse_of(const route::RouteSet& routes, std::uint32_t route,
                                   const event::Event& event, std::uint64_t bit,
                                   std::uint64_t now) noexcept {
    const std::uint64_t letters = counters_.dead_lettered.get();
    refuse(event, bit, now);
    if (route == route::RouteSet::kNone) return;
    const std::uint32_t slot = routes.target(route).slot;
    if (slot >= topics_.size()) return;
    if (((refused_.duplicate | refused_.same_key | refused_.same_replay) & bit) != 0) {
      topics_[slot].duplicate.add();
    } else if ((refused_.stale & bit) != 0 && !keeps_stale_) {
      topics_[slot].stale.add();
    } else {
      count_lost(slot, letters);
    }
  }

  /// Counts a lost event for its topic: as a dead letter if `letters` have become more, else a
  /// drop.
  void count_lost(std::uint32_t slot, std::uint64_t letters) noexcept {
    if (slot >= topics_.size()) return;
    (counters_.dead_lettered.get() != letters ? topics_[slot].dead_lettered : topics_[slot].dropped)
        .add();
  }

  /// Hands the event to its worker; false: it stays in the input. Rare cases are out of line.
  [[gnu::always_inline]] bool hand_over(const route::RouteSet& routes, std::uint32_t route,
                                        const event::Event& event, std::uint64_t now) noexcept {
    if (route == route::RouteSet::kNone) [[unlikely]]
      return lose_unknown(routes, event, now);
    const route::RouteSet::Target& target = routes.target(route);
    Worker& worker =
        workers_[choice_.choose(target, event, route::topic_hash(routes, target, event))];
    event::WorkItem* item = worker.claim();
    if (item == nullptr) [[unlikely]]
      return wait(worker, target, event, now);
    fill(*item, target, event);
    return true;
  }

  /// For a pipeline with one worker: hands over the events from `first` on, up to the next one that
  /// is `unusual`, or as many as the worker's ring has room for. Returns how many.
  [[gnu::always_inline]] std::size_t hand_over_run(const route::RouteSet& routes, std::size_t first,
                                                   std::uint64_t unusual) noexcept {
    const std::uint64_t ahead = unusual >> first;
    std::size_t run = judged_ - first;
    if (ahead != 0) [[unlikely]]
      run = std::min<std::size_t>(run, static_cast<std::size_t>(std::countr_zero(ahead)));
    const std::span<event::WorkItem> room = workers_.front().room(run);
    for (std::size_t i = 0; i < room.size(); ++i) {
      fill(room[i], routes.target(routes_[first + i]), input_.peek(first + i));
    }
    workers_.front().claimed(room.size());
    return room.size();
  }

  /// The worker's ring has no room: holds, loses or drops the event; false: it stays in the input.
  [[gnu::noinline]] bool wait(Worker& worker, const route::RouteSet::Target& target,
                              const event::Event& event, std::uint64_t now) noexcept {
    event::WorkItem item;
    fill(item, target, event);
    const bool may_wait = target.on_full == config::OnFull::kHold;
    if (may_wait && event.source.kind() == event::SourceKind::kConnection) {
      if (!worker.wait_of_stream(item, now)) return false;
      ++held_;
      return true;
    }
    // If no port can lose anything, events of all priorities wait alike, here or in the input.
    const Wait done = worker.wait(item, target.on_full, lossless_, now);
    if (done == Wait::kHeld) {
      ++held_;
      return true;
    }
    const bool stopped = done == Wait::kStopped && may_wait;
    if (!stopped && may_wait && lossless_) return false;
    const std::uint64_t letters = counters_.dead_lettered.get();
    if (stopped) {
      lose(event, FrameDrop::kHoldExpired, DeadReason::kHoldExpired, now);
    } else if (target.on_full == config::OnFull::kShed) {
      drop(event, FrameDrop::kWorkerFull);
      counters_.shed_as_told.add();  // counted after the drop: readers sum up the drops last
    } else {
      lose(event, FrameDrop::kWorkerFull, DeadReason::kWorkerFull, now);
    }
    count_lost(target.slot, letters);
    return true;
  }

  [[gnu::noinline]] bool lose_unknown(const route::RouteSet& routes, const event::Event& event,
                                      std::uint64_t now) noexcept {
    if (routes.unknown_rule() == config::UnknownTopic::kDrop)
      return drop(event, FrameDrop::kUnknownTopic);
    return lose(event, FrameDrop::kUnknownTopic, DeadReason::kUnknownTopic, now);
  }

  /// Makes the event a dead letter, or drops it where no dead letters are kept.
  bool lose(const event::Event& event, FrameDrop otherwise, DeadReason reason,
            std::uint64_t now) noexcept {
    return outlet_.keeps() ? keep(event, reason, now) : drop(event, otherwise);
  }

  bool keep(const event::Event& event, DeadReason reason, std::uint64_t now) noexcept {
    if (!outlet_.put(event, reason, now)) return drop(event, FrameDrop::kDlqBacklog);
    counters_.dead_lettered.add();
    return true;
  }

  [[gnu::noinline]] bool drop(const event::Event& event, FrameDrop reason) noexcept {
    counters_.frame_dropped.add(reason);
    releaser_.release(event);
    return true;
  }

  void watch_pressure(bool paused, std::uint64_t now) noexcept {
    if (pressure_table_ == nullptr) return;
    if (const std::uint64_t version = pressure_table_->version(); version != version_in_use_)
        [[unlikely]] {
      version_in_use_ = version;
      probe_.use(*pressure_table_->get());
    }
    probe_.poll(input_, std::span<const Worker>(workers_), paused, now);
  }

  /// Moves waiting events into their rings, and loses those that waited too long; returns how many.
  [[gnu::noinline]] std::size_t serve_held(std::uint64_t now) noexcept {
    std::size_t moved = 0;
    std::size_t expired = 0;
    stopped_ = 0;
    for (Worker& worker : workers_) {
      moved += worker.push_held(now);
      expired += worker.expire(now, burst_, [this, now](const event::WorkItem& item) {
        const std::uint64_t letters = counters_.dead_lettered.get();
        lose(item.event, FrameDrop::kHoldExpired, DeadReason::kHoldExpired, now);
        count_lost(item.slot, letters);
      });
      stopped_ += worker.stopped() ? 1U : 0U;
    }
    held_ -= moved + expired;
    counters_.events_routed.add(moved);
    counters_.workers_stopped.set(stopped_);
    return moved + expired;
  }

  Input& input_;
  const runtime::Published<route::Rules>& rules_;
  route::TopicCache cache_;
  const control::FlowBoard& flow_;
  PressureProbe probe_;
  const runtime::Published<control::PressureTable>* pressure_table_;
  std::uint64_t version_in_use_ = 0;  ///< of the pressure table
  route::WorkerChoice choice_;
  BurstRoutes routes_;  ///< of the judged events
  SequenceJudge judge_;
  std::optional<KeyJudge> keys_;
  ReplayJudge replay_judge_;
  telemetry::DispatchCounters& counters_;
  event::Releaser releaser_;
  storage::Outlet outlet_;
  std::span<telemetry::TopicRefusals> topics_;
  bool keeps_stale_;
  bool lossless_;
  std::size_t burst_;
  std::size_t judged_ = 0;   ///< the input's oldest events that have their verdict
  std::size_t held_ = 0;     ///< in all the workers' queues
  std::size_t stopped_ = 0;  ///< workers that count as stopped
  Refusals refused_;         ///< of the judged events
  StreamCells stream_cells_;
  std::vector<Worker> workers_;
};

}  // namespace esc::dispatch
