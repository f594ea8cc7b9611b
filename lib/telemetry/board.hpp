// SPDX-License-Identifier: BSD-3-Clause
// A value that one thread makes when others ask for it, and that they may keep.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "base/file_descriptor.hpp"

namespace esc::telemetry {

/// The maker puts poll_fd() into its poll set and calls serve() when it is readable; it is never
/// held up by who asks. Thread: ask() any; the rest the maker's.
template <class Value>
class Board {
 public:
  using Shared = std::shared_ptr<const Value>;

  /// Readable while somebody waits. -1: none was to be had, and ask() gets what was made last.
  [[nodiscard]] int poll_fd() const noexcept { return wanted_.get(); }

  /// From now on whoever asks waits for a new value.
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
  }
  /// From now on nobody waits, and nothing is told. Whoever waits goes on at once.
  void close() noexcept {
    const std::lock_guard lock(mutex_);
    open_ = false;
    last_.reset();
    changed_.notify_all();
  }

  /// Makes a value if somebody waits for one. `make` returns a Value.
  template <class Make>
  void serve(Make&& make) {
    {
      const std::lock_guard lock(mutex_);
      if (!open_ || asked_ <= begun_) return;
      begun_ = asked_;
      std::uint64_t count = 0;
      (void)!::read(wanted_.get(), &count, sizeof(count));
    }
    Shared value = std::make_shared<const Value>(make());
    const std::lock_guard lock(mutex_);
    last_ = std::move(value);
    made_ = begun_;
    changed_.notify_all();
  }

  /// A value that was begun after this call; after `patience` the one before, which may be null.
  [[nodiscard]] Shared ask(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    if (!open_) return nullptr;
    const std::uint64_t mine = ++asked_;
    const std::uint64_t one = 1;
    (void)!::write(wanted_.get(), &one, sizeof(one));
    changed_.wait_for(lock, patience, [&] { return !open_ || made_ >= mine; });
    return last_;
  }

 private:
  FileDescriptor wanted_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::mutex mutex_;  ///< held to use what follows
  std::condition_variable changed_;
  bool open_ = false;
  std::uint64_t asked_ = 0;  ///< how often somebody asked
  std::uint64_t begun_ = 0;  ///< of those, how many the value that is being made answers
  std::uint64_t made_ = 0;   ///< of those, how many the last value answered
  Shared last_;
};

}  // namespace esc::telemetry
