// SPDX-License-Identifier: BSD-3-Clause
// Does work that may wait for a disk, or take long, on a thread beside the main lcore.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace esc::runtime {

/// One thread that does errands, one after the other, for the thread that owns this object, which
/// goes on with its loop meanwhile: reading a file that may hang, parsing it, writing one. An
/// errand that takes too long is given up: its owner is told so and its outcome is thrown away. A
/// thread cannot be pulled out of a system call, so until it returns no other errand is accepted,
/// and those that wait are given up as well. Thread: the owner's, but for the work itself.
class Errands {
 public:
  using Clock = std::chrono::steady_clock;
  /// Runs on the owner's thread, in turn() or finish_within().
  using Finish = std::function<void()>;
  /// Runs on the other thread. It owns everything it uses, since the asker may be gone when it
  /// ends. If it throws, turn() calls `give_up`.
  using Work = std::function<Finish()>;
  /// Runs on the owner's thread when the work threw, or takes too long; says which.
  using GiveUp = std::function<void(const std::string& why)>;

  /// Starts the thread, which runs `settle` first (its name, its CPU), and blocks every signal.
  /// Throws std::system_error.
  explicit Errands(std::chrono::milliseconds patience, std::function<void()> settle = {});
  /// Waits for the current errand, unless it was given up: then its thread is abandoned.
  ~Errands();
  Errands(const Errands&) = delete;
  Errands& operator=(const Errands&) = delete;

  static constexpr std::size_t kMaxWaiting = 16;

  /// Queues an errand. False: too many wait, or one that was given up has not returned yet.
  [[nodiscard]] bool begin(std::string what, Work work, GiveUp give_up);
  /// Readable when turn() has something to finish. Owned by this object.
  [[nodiscard]] int poll_fd() const noexcept;
  /// Finishes what is done, begins what waits, gives up what takes too long.
  void turn(Clock::time_point now);
  /// Waits for all errands and finishes them; false: they are not done by then, and are given up.
  bool finish_within(std::chrono::milliseconds timeout);

  /// What is under way; empty: nothing.
  [[nodiscard]] const std::string& under_way() const noexcept { return what_; }
  [[nodiscard]] bool given_up() const noexcept { return given_up_; }

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);
  struct Errand {
    std::string what;
    Work work;
    GiveUp give_up;
  };
  void start(Errand errand);
  void abandon(const std::string& why);

  std::shared_ptr<Shared> shared_;
  std::chrono::milliseconds patience_;
  std::deque<Errand> waiting_;
  std::string what_;
  GiveUp give_up_;
  Clock::time_point began_;
  bool given_up_ = false;
};

}  // namespace esc::runtime
