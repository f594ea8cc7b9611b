// SPDX-License-Identifier: BSD-3-Clause
#include "appliance/dead_letters.hpp"

#include <pthread.h>
#include <rte_cycles.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "appliance/sizing.hpp"
#include "config/text.hpp"
#include "route/topic_hasher.hpp"

namespace esc::appliance {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kNap{1};             // of the writing thread when nothing waits
constexpr std::chrono::seconds kRetain{1};  // how often retention looks

std::uint64_t unix_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t tick_ns() {
  return static_cast<std::uint64_t>(steady_clock::now().time_since_epoch().count());
}

dlq::RetentionLimits limits_of(const config::DeadLettersConfig& letters) {
  return {.max_bytes = letters.max_bytes,
          .max_segments = letters.max_segments,
          .max_age_ns = std::uint64_t{letters.max_age_s} * 1'000'000'000,
          .min_free_bytes = letters.min_free_bytes};
}

}  // namespace

DeadLetters::DeadLetters(const config::Config& config, DeadLetterFolder& folder,
                         std::size_t pipelines)
    : DeadLetters(config, folder, pipelines, route::random_seed()) {}

DeadLetters::DeadLetters(const config::Config& config, DeadLetterFolder& folder,
                         std::size_t pipelines, std::uint64_t run)
    : Node({topology::Role::kStorage, 0}, "storage"),
      directory_(config.dead_letters.directory),
      folder_(folder),
      uses_io_uring_(folder.uses_io_uring()),
      burst_(config.rings.burst),
      cells_(config.dead_letters.ring_cells),
      commit_ms_(config.dead_letters.commit_ms),
      log_(folder.files,
           {.instance = config.instance,
            .segment_bytes = config.dead_letters.segment_bytes,
            .run = run,
            .min_free_bytes = config.dead_letters.min_free_bytes},
           folder.found.next_number),
      retention_(folder.files, limits_of(config.dead_letters)),
      rings_(pipelines),
      gathered_(pipelines),
      settled_(pipelines),
      recovered_(folder.found.letters),
      pipe_(kCommitBuffers, config.dead_letters.commit_bytes, run, pipelines),
      writer_(pipe_, log_, retention_, settled_, disk_) {
  folder.found.hand_to(log_);
}

DeadLetters::~DeadLetters() = default;

storage::Outlet DeadLetters::outlet(dlq::Stage stage, std::size_t pipeline, int node) {
  inputs_.push_back(std::make_unique<Input>(cells_, pipeline, node));
  rings_[pipeline].push_back(&inputs_.back()->ring);
  return {&inputs_.back()->ring, stage};
}

storage::Backlog DeadLetters::backlog(std::size_t pipeline) const noexcept {
  return {rings_[pipeline], gathered_[pipeline], rte_get_tsc_hz()};
}

void DeadLetters::make_stage(std::span<rte_mempool* const> pools) {
  std::vector<storage::DeadInput> inputs;
  for (const auto& input : inputs_) {
    inputs.push_back({&input->ring, static_cast<std::uint16_t>(input->pipeline)});
  }
  const auto hz = rte_get_tsc_hz();
  stage_ = std::make_unique<StorageStage>(
      storage::StorageParts{.inputs = std::move(inputs),
                            .pipe = pipe_,
                            .counters = counters_,
                            .gathered = gathered_,
                            .pools = pools,
                            .unix_ns = &unix_ns,
                            .cycles_per_second = static_cast<double>(hz),
                            .limits = {.burst = burst_, .commit_cycles = hz / 1000 * commit_ms_}});
}

void DeadLetters::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { write(stop); });
  pthread_setname_np(thread_.native_handle(), "esc-dlq-writer");
}

void DeadLetters::write(const std::stop_token& stop) {
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

void DeadLetters::watch() {
  if (std::exchange(uses_io_uring_, folder_.uses_io_uring()) && !uses_io_uring_) {
    spdlog::info("io_uring is not to be had here: dead letters are written by pwritev2");
  }
  const std::uint64_t error = disk_.last_error.get();
  if (error == std::exchange(last_error_, error)) return;
  if (error == 0) {
    spdlog::info("dead letters are kept again");
    return;
  }
  const char* look = "look at the disk and at who may write there";
  if (error == ENOSPC) look = "make room, or lower dead_letters.min_free_bytes or max_bytes";
  if (error == EFBIG) {
    look =
        "raise the limit on file sizes (ulimit -f, LimitFSIZE=) above dead_letters.segment_bytes";
  }
  spdlog::error(
      "dead letters cannot be written to {}: {}; they are lost, and counted as dlq_write_failed, "
      "until the disk takes them; {}; escd tries again by itself",
      config::in_quotes(directory_), std::strerror(static_cast<int>(error)), look);
}

bool DeadLetters::take(storage::Outlet& outlet, const event::Event& event, DeadReason reason,
                       steady_clock::time_point deadline) {
  while (!outlet.put(event, reason, rte_rdtsc())) {
    if (stage_->poll(rte_rdtsc()) != 0) continue;
    if (steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kNap);
  }
  return true;
}

bool DeadLetters::discard(const Ending& ending) {
  while (!stage_->idle() || !all_settled()) {
    if (stage_->poll(rte_rdtsc()) != 0) continue;
    stage_->flush();
    if (steady_clock::now() >= ending.deadline()) {
      // It waits for the disk: nothing can be taken down under it.
      thread_.request_stop();
      thread_.detach();
      return false;
    }
    std::this_thread::sleep_for(kNap);
  }
  thread_.request_stop();
  thread_.join();
  return true;
}

bool DeadLetters::all_settled() const noexcept {
  for (std::size_t i = 0; i < gathered_.size(); ++i) {
    const std::uint64_t settled = settled_[i].all_durable() + settled_[i].write_failed.get();
    if (settled != gathered_[i].taken.get()) return false;
  }
  return true;
}

void DeadLetters::enlist(LcoreStages& lcore) {
  std::get<std::vector<StorageStage*>>(lcore).push_back(&*stage_);
}

void DeadLetters::add_blocks(PipelineRange of, telemetry::LedgerBlocks& blocks) const {
  for (std::size_t i = of.first; i < of.first + of.count; ++i) {
    blocks.settled.push_back(&settled_[i]);
  }
}

Load DeadLetters::held(PipelineRange of, const telemetry::Ledger& counted) const {
  std::uint64_t taken = 0;
  for (std::size_t i = of.first; i < of.first + of.count; ++i) taken += gathered_[i].taken.get();
  // As the ledger has them: those that were settled since are counted as held still.
  const std::uint64_t settled =
      counted.frames_dead_lettered() +
      counted.frames.dropped[static_cast<std::size_t>(FrameDrop::kDlqWriteFailed)];
  std::uint64_t in_rings = 0;
  for (const auto& input : inputs_) {
    if (of.has(input->pipeline)) in_rings += input->ring.size();
  }
  return {.frames = taken - settled + in_rings};
}

Load DeadLetters::room() const noexcept {
  std::uint64_t letters = StorageStage::kMaxBurst;
  for (const auto& input : inputs_) letters += input->ring.capacity();
  return {.frames = letters + kCommitBuffers * pipe_.letters_in_a_commit()};
}

std::uint64_t DeadLetters::moves() const noexcept {
  std::uint64_t sum = disk_.commits.get() + disk_.commits_failed.get();
  for (const telemetry::GatherCounters& gathered : gathered_) sum += gathered.taken.get();
  return sum;
}

bool Ending::keep(const event::Event& event, DeadReason reason, storage::Outlet& outlet) const {
  return dead_letters_->take(outlet, event, reason, deadline_);
}

storage::Outlet outlet_of(DeadLetters* dead_letters, dlq::Stage stage, std::size_t pipeline,
                          int node) {
  if (dead_letters == nullptr) return {};
  return dead_letters->outlet(stage, pipeline, node);
}

}  // namespace esc::appliance
