// SPDX-License-Identifier: BSD-3-Clause
#include "storage/writing_thread.hpp"

#include <pthread.h>

#include <chrono>
#include <ctime>

#include "base/units.hpp"

namespace esc::storage {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kNap{1};  // how long it sleeps when no commit waits
constexpr std::chrono::seconds kRetain{1};    // how often it calls retain()

std::uint64_t tick_ns() {
  return static_cast<std::uint64_t>(steady_clock::now().time_since_epoch().count());
}

}  // namespace

std::uint64_t unix_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kNsPerSecond +
         static_cast<std::uint64_t>(now.tv_nsec);
}

void WritingThread::start(const char* name) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  pthread_setname_np(thread_.native_handle(), name);
}

void WritingThread::run(const std::stop_token& stop) {
  auto retain_at = steady_clock::now();
  while (!stop.stop_requested()) {
    const bool wrote = writer_.write_one(&unix_ns, &tick_ns);
    if (steady_clock::now() >= retain_at) {
      writer_.retain(unix_ns());
      retain_at = steady_clock::now() + kRetain;
    }
    if (!wrote) std::this_thread::sleep_for(kNap);
  }
  writer_.close(unix_ns());
}

void WritingThread::finish() {
  thread_.request_stop();
  thread_.join();
}

void WritingThread::abandon() {
  thread_.request_stop();
  thread_.detach();
}

}  // namespace esc::storage
