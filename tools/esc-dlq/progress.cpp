// SPDX-License-Identifier: BSD-3-Clause
#include "esc-dlq/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace esc::dlq_tool {
namespace {
constexpr std::chrono::milliseconds kDrawnEvery(100);
constexpr std::chrono::milliseconds kPatience(300);
constexpr std::size_t kWidth = 40;
}  // namespace

Progress::Progress(std::string what, std::uint64_t bytes)
    : what_(std::move(what)),
      bytes_(std::max<std::uint64_t>(bytes, 1)),
      shown_(isatty(STDERR_FILENO) == 1),
      next_(Clock::now() + kPatience) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void Progress::add(std::uint64_t bytes) {
  const std::uint64_t done = done_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (!shown_) return;
  const std::unique_lock lock(drawing_, std::try_to_lock);
  const Clock::time_point now = Clock::now();
  if (!lock || now < next_) return;
  next_ = now + kDrawnEvery;
  drawn_ = true;
  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(bytes_));
  const auto filled = static_cast<std::size_t>(share * kWidth);
  const std::string bar = std::string(filled, '#') + std::string(kWidth - filled, ' ');
  std::fprintf(stderr, "\r%s [%s] %3.0f %%", what_.c_str(), bar.c_str(), share * 100);
  std::fflush(stderr);
}

}  // namespace esc::dlq_tool
