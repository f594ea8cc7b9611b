// SPDX-License-Identifier: BSD-3-Clause
#include "appliance/dead_letters.hpp"

#include <rte_cycles.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <utility>

#include "appliance/stages.hpp"
#include "base/errno_text.hpp"
#include "base/units.hpp"
#include "config/text.hpp"
#include "route/topic_hasher.hpp"
#include "storage/dead_letter_kind.hpp"
#include "storage/store.hpp"

namespace esc::appliance {

class DeadLetterStore final : public storage::Store<storage::DeadLetterKind> {
 public:
  using storage::Store<storage::DeadLetterKind>::Store;
};

namespace {

/// Commits that go round between the storage lcore and the disk.
constexpr std::size_t kCommitBuffers = 8;

dlq::RetentionLimits limits_of(const config::DeadLettersConfig& letters) {
  return {.max_bytes = letters.max_bytes,
          .max_segments = letters.max_segments,
          .max_age_ns = std::uint64_t{letters.max_age_s} * kNsPerSecond,
          .min_free_bytes = letters.min_free_bytes};
}

}  // namespace

StageNeeds DeadLetters::needs(const config::Config& config, std::size_t /*packet_segments*/) {
  if (!config.dead_letters.kept()) return {};
  // A ring from each stage that receives for each pipeline, from each dispatcher and from each
  // worker.
  const std::size_t pipelines = config.lcores.dispatch.size();
  const std::size_t receiving = config.lcores.rx.size() + config.lcores.tcp.size();
  const std::size_t rings = receiving * pipelines + pipelines + config.lcores.workers.size();
  const std::size_t cells = rings * config.dead_letters.ring_cells;
  // Commit buffers are in ordinary memory, whatever the rest uses; counting them here asks for a
  // few pages too many.
  return {.lcores = 1,
          .ring_mbufs = cells,
          .hand_mbufs = config.rings.burst,
          .bytes = cells * sizeof(storage::DeadItem) +
                   kCommitBuffers * config.dead_letters.commit_bytes};
}

DeadLetters::DeadLetters(const config::Config& config, DeadLetterFolder& folder,
                         std::size_t pipelines)
    : DeadLetters(config, folder, pipelines, route::random_seed()) {}

DeadLetters::DeadLetters(const config::Config& config, DeadLetterFolder& folder,
                         std::size_t pipelines, std::uint64_t run)
    : Node({topology::Role::kStorage, 0}),
      directory_(config.dead_letters.directory),
      folder_(folder),
      uses_io_uring_(folder.uses_io_uring()),
      recovered_(folder.found.letters),
      cells_(config.dead_letters.ring_cells),
      log_(folder.files,
           {.instance = config.instance,
            .segment_bytes = config.dead_letters.segment_bytes,
            .run = run,
            .min_free_bytes = config.dead_letters.min_free_bytes},
           folder.found.next_number),
      retention_(folder.files, limits_of(config.dead_letters)),
      store_(std::make_unique<DeadLetterStore>(
          storage::StoreSettings{.pipelines = pipelines,
                                 .commit_buffers = kCommitBuffers,
                                 .commit_bytes = config.dead_letters.commit_bytes,
                                 .commit_ms = config.dead_letters.commit_ms,
                                 .run = run,
                                 .burst = config.rings.burst},
          log_, retention_)) {
  folder.found.hand_to(log_);
}

DeadLetters::~DeadLetters() = default;

const telemetry::StorageCounters& DeadLetters::gathering() const noexcept {
  return store_->gathering();
}
const telemetry::DiskCounters& DeadLetters::disk() const noexcept {
  return store_->disk();
}

storage::Outlet DeadLetters::outlet(dlq::Stage stage, std::size_t pipeline, int node) {
  memory_.push_back(
      std::make_unique<dpdk::HugeArray<storage::DeadItem>>("esc dead letters", cells_, node));
  return {&store_->add_input(memory_.back()->span(), pipeline), stage};
}

storage::Backlog DeadLetters::backlog(std::size_t pipeline) const noexcept {
  return {store_->rings(pipeline), store_->settlement().taken(pipeline), rte_get_tsc_hz()};
}

void DeadLetters::make_stage(std::span<rte_mempool* const> pools) {
  store_->make_stage(pools);
}

void DeadLetters::start() {
  store_->start("esc-dlq-writer");
}

void DeadLetters::watch() {
  if (std::exchange(uses_io_uring_, folder_.uses_io_uring()) && !uses_io_uring_) {
    spdlog::info("io_uring is not to be had here: dead letters are written by pwritev2");
  }
  const std::uint64_t error = disk().last_error.get();
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
      config::in_quotes(directory_), errno_text(static_cast<int>(error)), look);
}

bool DeadLetters::take(storage::Outlet& outlet, const event::Event& event, DeadReason reason,
                       std::chrono::steady_clock::time_point deadline) {
  return store_->put_late([&] { return outlet.put(event, reason, rte_rdtsc()); }, deadline);
}

StageFigures DeadLetters::figures() const {
  using telemetry::AnyReading;
  // Without the disk's counters, which the writing thread keeps for all pipelines together.
  StageFigures figures{.role = role(), .blocks = {{AnyReading::of(gathering())}}, .rings = {}};
  for (std::size_t i = 0; i < store_->settlement().pipelines(); ++i) {
    figures.blocks.push_back({AnyReading::of(store_->settlement().taken(i)), i});
    figures.blocks.push_back({AnyReading::of(store_->settlement().settled(i)), i});
  }
  return figures;
}

bool DeadLetters::discard(const Ending& ending) {
  return store_->finish(ending.deadline());
}

void DeadLetters::enlist(LcoreStages& lcore) {
  lcore.add(store_->stage());
}

void DeadLetters::add_ended(PipelineRange of, telemetry::Ledger& ledger) const {
  for (std::size_t i = of.first; i < of.first + of.count; ++i) {
    telemetry::add_ended(store_->settlement().settled(i), ledger);
  }
}

Load DeadLetters::held(PipelineRange of, const telemetry::Ledger& counted) const {
  std::uint64_t taken = 0;
  std::uint64_t in_rings = 0;
  for (std::size_t i = of.first; i < of.first + of.count; ++i) {
    taken += store_->settlement().taken(i).taken.get();
    in_rings += store_->in_rings(i);
  }
  // The settled letters by the ledger, so letters that were settled after it was read still count
  // as held.
  const std::uint64_t settled =
      counted.frames_dead_lettered() +
      counted.frames.dropped[static_cast<std::size_t>(FrameDrop::kDlqWriteFailed)];
  return {.frames = taken - settled + in_rings};
}

Load DeadLetters::room() const noexcept {
  return {.frames = store_->room()};
}

std::uint64_t DeadLetters::moves() const noexcept {
  return store_->moves();
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
