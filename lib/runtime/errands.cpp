// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/errands.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "base/file_descriptor.hpp"

namespace esc::runtime {
namespace {

constexpr const char* kNoMemory = "there is not enough memory";

}  // namespace

/// What both threads use. It is shared, so that it lives on with a thread that was abandoned.
struct Errands::Shared {
  std::mutex mutex;  ///< guards what follows, up to `done_fd`
  std::condition_variable wake;
  Work next;
  bool stop = false;
  bool done = false;  ///< the current errand is over: `finish` or `failure` is set
  Finish finish;      ///< null: it failed
  std::string failure;
  FileDescriptor done_fd;  ///< written by the thread that works, read by the owner
  std::function<void()> settle;
  std::thread thread;  ///< owner only
};

Errands::Errands(std::chrono::milliseconds patience, std::function<void()> settle)
    : shared_(std::make_shared<Shared>()), patience_(patience) {
  shared_->done_fd = FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!shared_->done_fd.valid()) throw std::system_error(errno, std::generic_category(), "eventfd");
  shared_->settle = std::move(settle);
  // A new thread inherits the blocked signals of this one: all are blocked, since signals are for
  // the owner's thread.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  try {
    shared_->thread = std::thread([shared = shared_] { run(shared); });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Errands::~Errands() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
  }
  shared_->wake.notify_one();
  if (given_up_) {
    shared_->thread.detach();
  } else {
    shared_->thread.join();
  }
}

void Errands::run(const std::shared_ptr<Shared>& shared) {
  if (shared->settle) shared->settle();
  std::unique_lock lock(shared->mutex);
  for (;;) {
    shared->wake.wait(lock, [&] { return shared->stop || shared->next; });
    if (shared->stop) return;
    Work work = std::exchange(shared->next, nullptr);
    lock.unlock();
    Finish finish;
    std::string failure;
    try {
      finish = work();
    } catch (const std::bad_alloc&) {
      failure = kNoMemory;
    } catch (const std::exception& error) {
      failure = error.what();
    } catch (...) {
      failure = "for an unknown reason";
    }
    work = nullptr;  // so that what it owns is destroyed on this thread
    lock.lock();
    shared->finish = std::move(finish);
    shared->failure = std::move(failure);
    shared->done = true;
    const std::uint64_t one = 1;
    (void)!::write(shared->done_fd.get(), &one, sizeof one);
  }
}

bool Errands::begin(std::string what, Work work, GiveUp give_up) {
  if (given_up_ || waiting_.size() >= kMaxWaiting) return false;
  Errand errand{std::move(what), std::move(work), std::move(give_up)};
  if (what_.empty()) {
    start(std::move(errand));
  } else {
    waiting_.push_back(std::move(errand));
  }
  return true;
}

void Errands::start(Errand errand) {
  what_ = std::move(errand.what);
  give_up_ = std::move(errand.give_up);
  began_ = Clock::now();
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->next = std::move(errand.work);
  }
  shared_->wake.notify_one();
}

int Errands::poll_fd() const noexcept {
  return shared_->done_fd.get();
}

void Errands::turn(Clock::time_point now) {
  if (what_.empty()) return;
  Finish finish;
  std::string failure;
  bool done = false;
  {
    const std::lock_guard lock(shared_->mutex);
    done = std::exchange(shared_->done, false);
    finish = std::exchange(shared_->finish, nullptr);
    failure = std::exchange(shared_->failure, {});
  }
  if (!done) {
    if (!given_up_ && now - began_ >= patience_) {
      abandon("it is not done within " + std::to_string(patience_.count()) + " ms");
    }
    return;
  }
  std::uint64_t count = 0;
  (void)!::read(shared_->done_fd.get(), &count, sizeof count);
  what_.clear();
  // The errand may have been given up before: then the asker was told so, and nothing more happens.
  const GiveUp give_up = std::exchange(give_up_, nullptr);
  if (!std::exchange(given_up_, false)) {
    try {
      if (finish) finish();
    } catch (const std::bad_alloc&) {  // the owner's loop goes on
      finish = nullptr;
      failure = kNoMemory;
    }
    if (!finish) give_up(failure);
  }
  if (!what_.empty() || waiting_.empty()) return;
  Errand next = std::move(waiting_.front());
  waiting_.pop_front();
  start(std::move(next));
}

void Errands::abandon(const std::string& why) {
  given_up_ = true;
  const std::string what = what_;
  if (const GiveUp give_up = std::exchange(give_up_, nullptr)) give_up(why);
  for (const Errand& errand : std::exchange(waiting_, {})) {
    errand.give_up("what was asked for before it is not done yet (" + what + ")");
  }
}

bool Errands::finish_within(std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  while (!what_.empty() && !given_up_) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) {
      abandon("it is not done within " + std::to_string(timeout.count()) + " ms");
      return false;
    }
    pollfd done{shared_->done_fd.get(), POLLIN, 0};
    (void)::poll(&done, 1, static_cast<int>(left.count()));
    // At `began_` nothing has taken too long: only the caller's timeout counts here.
    turn(began_);
  }
  return !given_up_;
}

}  // namespace esc::runtime
