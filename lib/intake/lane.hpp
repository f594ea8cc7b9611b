// SPDX-License-Identifier: BSD-3-Clause
// A receiving stage's way into one pipeline: the events staged for it, and its counters there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "control/pressure_table.hpp"
#include "event/event.hpp"
#include "storage/outlet.hpp"
#include "telemetry/stage_counters.hpp"

namespace esc::intake {

/// Sink: a producer's end of the pipeline's ring, push_burst(std::span<const Event>) -> accepted,
/// and size() of what is queued. Thread: the lcore that receives.
template <class Sink>
class Lane {
 public:
  static constexpr std::size_t kMaxBurst = 64;

  /// `counters`, `pressure`: not owned; outlive the lane. Without a board: never any pressure.
  Lane(Sink sink, telemetry::FrameCounters& counters,
       const control::PressureBoard* pressure = nullptr, const storage::Outlet& outlet = {})
      : sink_(std::move(sink)), counters_(&counters), board_(pressure), outlet_(outlet) {}

  /// Reads, once a poll, what the pipeline asks for (shedding, deferring). `obeys` false: the
  /// pipeline is not asked, and nothing is shed or deferred.
  void read_pressure(bool obeys) noexcept {
    if (board_ != nullptr) word_ = obeys ? board_->read() : control::PressureWord{};
  }
  [[nodiscard]] control::PressureWord pressure() const noexcept { return word_; }
  /// Whether frames that are shed become dead letters.
  [[nodiscard]] bool keeps_shed() const noexcept {
    return outlet_.keeps() && word_.has(control::PressureWord::kKeepShed);
  }
  /// Room for one frame that is shed and becomes a dead letter; there must be some. It counts as
  /// received.
  [[nodiscard]] event::Event& stage_shed() noexcept {
    ++not_staged_;
    return shed_staging_[shed_staged_++];
  }
  [[nodiscard]] std::size_t shed_staged() const noexcept { return shed_staged_; }

  /// Counts a frame that is shed: received, and dropped for its priority.
  void shed() noexcept {
    ++not_staged_;
    ++shed_;
  }
  /// Counts frames that are received and become no event; `control` of them are control frames.
  void receive(std::uint64_t frames, std::uint64_t control) noexcept {
    not_staged_ += frames;
    control_ += control;
  }

  /// Room for one more event; there must be some. It counts as received by this pipeline.
  [[nodiscard]] event::Event& stage() noexcept { return staging_[staged_++]; }
  [[nodiscard]] std::size_t staged() const noexcept { return staged_; }
  /// Stages several events at once: the caller writes them from room() on, then calls stage_more().
  [[nodiscard]] event::Event* room() noexcept { return staging_.data() + staged_; }
  void stage_more(std::size_t count) noexcept { staged_ += count; }

  /// Counts the receipts, before others may see the events that they stand for, and before what
  /// became of any of the frames: whoever looks in between finds them in flight.
  void publish_receipts() noexcept {
    const std::uint64_t received = not_staged_ + staged_ - receipted_;
    if (received == 0) return;
    counters_->frames_received.add(received);
    not_staged_ = 0;
    receipted_ = staged_;
    if (control_ != 0) {
      counters_->control.add(control_);
      control_ = 0;
    }
    if (shed_ == 0) [[likely]]
      return;
    counters_->shed.add(word_.level(), shed_);
    counters_->frame_dropped.add(word_.level() == PressureLevel::kEmergency
                                     ? FrameDrop::kShedEmergency
                                     : FrameDrop::kShedCritical,
                                 shed_);
    shed_ = 0;
  }

  /// Hands the frames that are shed to the storage as dead letters; calls give_up(const Event&) on
  /// those for which it has no room.
  template <class F>
  void push_shed(std::uint64_t now, F&& give_up) noexcept {
    if (shed_staged_ == 0) [[likely]]
      return;
    const DeadReason reason = word_.level() == PressureLevel::kEmergency
                                  ? DeadReason::kShedEmergency
                                  : DeadReason::kShedCritical;
    std::size_t kept = 0;
    while (kept < shed_staged_ && outlet_.put(shed_staging_[kept], reason, now)) ++kept;
    for (std::size_t i = kept; i < shed_staged_; ++i) give_up(shed_staging_[i]);
    counters_->shed.add(word_.level(), shed_staged_);
    counters_->dead_lettered.add(kept);
    if (kept != shed_staged_)
      counters_->frame_dropped.add(FrameDrop::kDlqBacklog, shed_staged_ - kept);
    shed_staged_ = 0;
  }

  /// Hands over what the ring takes; returns how many events.
  std::size_t push() noexcept {
    if (staged_ == 0) return 0;
    const std::size_t accepted =
        sink_.push_burst(std::span(staging_).subspan(pushed_, staged_ - pushed_));
    pushed_ += accepted;
    if (pushed_ == staged_) pushed_ = staged_ = receipted_ = 0;
    counters_->events_pushed.add(accepted);
    counters_->events_held.set(staged_ - pushed_);
    return accepted;
  }

  /// Calls give_up(const Event&) on all staged events and forgets them; returns how many.
  template <class F>
  std::size_t discard(F&& give_up) noexcept {
    const std::size_t count = staged_ - pushed_;
    for (std::size_t i = pushed_; i < staged_; ++i) give_up(staging_[i]);
    pushed_ = staged_ = receipted_ = 0;
    counters_->events_held.set(0);
    return count;
  }

  [[nodiscard]] std::size_t depth() const noexcept { return sink_.size(); }
  [[nodiscard]] const Sink& sink() const noexcept { return sink_; }
  [[nodiscard]] telemetry::FrameCounters& counters() const noexcept { return *counters_; }
  [[nodiscard]] storage::Outlet& outlet() noexcept { return outlet_; }

 private:
  Sink sink_;
  telemetry::FrameCounters* counters_;
  const control::PressureBoard* board_;
  control::PressureWord word_;
  storage::Outlet outlet_;
  std::uint64_t shed_ = 0;        ///< dropped for their priority by word_, and not counted yet
  std::size_t staged_ = 0;        ///< events in staging_
  std::size_t pushed_ = 0;        ///< of those, already in the ring
  std::size_t receipted_ = 0;     ///< of those in staging_, already counted as received
  std::uint64_t not_staged_ = 0;  ///< received frames that became no event; not counted yet
  std::uint64_t control_ = 0;     ///< of those, control frames
  std::size_t shed_staged_ = 0;
  std::array<event::Event, kMaxBurst> staging_{};
  std::array<event::Event, kMaxBurst> shed_staging_{};  ///< nothing in it between two polls
};

}  // namespace esc::intake
