// SPDX-License-Identifier: BSD-3-Clause
// What the machine gives: EAL, memory, CPUs, rings.
#include <algorithm>
#include <set>

#include "config/eal_args.hpp"
#include "config/loading.hpp"
#include "config/text.hpp"

namespace esc::config {
namespace {

/// Deep rings take bursts while another CPU is late. On one CPU no role is late without the
/// others: a ring never holds more than a burst or two, and a small one stays in the cache.
void choose_ring_sizes(const Loading& in) {
  constexpr std::uint32_t kIngestCells = 65'536;
  constexpr std::uint32_t kWorkerCells = 16'384;
  constexpr std::uint32_t kHoldCells = 4'096;
  constexpr std::uint32_t kFoldedCells = 1'024;
  const LcoresConfig& lcores = in.config.lcores;
  const auto on_one_cpu = [&](const std::vector<unsigned>& cpus) {
    return std::ranges::all_of(cpus, [&](unsigned cpu) { return cpu == cpus.front(); }) &&
           (cpus.empty() || lcores.rx.empty() || cpus.front() == lcores.rx.front());
  };
  const bool folded =
      on_one_cpu(lcores.rx) && on_one_cpu(lcores.dispatch) && on_one_cpu(lcores.workers);
  RingsConfig& rings = in.config.rings;
  if (rings.ingest_cells == 0) rings.ingest_cells = folded ? kFoldedCells : kIngestCells;
  if (rings.worker_cells == 0) rings.worker_cells = folded ? kFoldedCells : kWorkerCells;
  if (rings.hold_cells == 0) rings.hold_cells = folded ? kFoldedCells : kHoldCells;
}

}  // namespace

void read_top(const Loading& in) {
  const Section top = in.reader.section("");
  in.reader.read(top, "instance", in.config.instance);
  if (!is_label(in.config.instance, "_-")) {
    in.reader.problem(in.reader.where(top, "instance"),
                      "'instance' is " + in_quotes(in.config.instance),
                      "use letters, digits, '_' and '-' only: it names files and a socket");
  }
}

void read_eal(const Loading& in) {
  const Section eal = in.reader.section("eal");
  in.config.eal.args = in.reader.strings(eal, "args");
  const std::size_t in_file = in.config.eal.args.size();
  for (const std::string& arg : in.overrides.eal_args) in.config.eal.args.push_back(arg);
  for (const EalArgProblem& bad : check_eal_args(in.config.eal.args)) {
    in.reader.problem(bad.index < in_file
                          ? in.reader.where(eal, "args", bad.index)
                          : "argument " + std::to_string(bad.index - in_file + 1) + " after --",
                      bad.what, bad.fix);
  }
}

void read_memory(const Loading& in) {
  const Section memory = in.reader.section("memory");
  in.reader.read(memory, "hugepages", in.config.memory.hugepages);
  in.reader.read(memory, "limit_mib", in.config.memory.limit_mib);
}

void read_lcores(const Loading& in) {
  const Section lcores = in.reader.section("lcores");
  std::set<unsigned> seen;
  for (const std::int64_t cpu : in.reader.integers(lcores, "rx")) {
    if (!seen.insert(static_cast<unsigned>(cpu)).second) {
      in.reader.problem(in.reader.where(lcores, "rx", in.config.lcores.rx.size()),
                        "'rx' lists CPU " + std::to_string(cpu) + " twice",
                        "remove one: a single RX lcore polls any number of queues");
    }
    in.config.lcores.rx.push_back(static_cast<unsigned>(cpu));
  }
  for (const std::int64_t cpu : in.reader.integers(lcores, "dispatch")) {
    in.config.lcores.dispatch.push_back(static_cast<unsigned>(cpu));
  }
  for (const std::int64_t cpu : in.reader.integers(lcores, "workers")) {
    in.config.lcores.workers.push_back(static_cast<unsigned>(cpu));
  }
  if (const auto cpu = in.reader.integer(lcores, "storage")) {
    in.config.lcores.storage = static_cast<unsigned>(*cpu);
  }
  if (const auto cpu = in.reader.integer(lcores, "main")) {
    in.config.lcores.main = static_cast<unsigned>(*cpu);
  }
  in.reader.read(lcores, "idle", in.config.lcores.idle);
  in.reader.read(lcores, "sleep_max_us", in.config.lcores.sleep_max_us);
  in.reader.read(lcores, "stall_ms", in.config.lcores.stall_ms);
  if (in.reader.has(lcores, "sleep_max_us") && in.config.lcores.idle == Idle::kBusy) {
    in.warning(in.reader.where(lcores, "sleep_max_us"), "'sleep_max_us' has no effect",
               "it needs idle = \"adaptive\"");
  }
}

void read_rings(const Loading& in) {
  const Section rings = in.reader.section("rings");
  in.reader.read(rings, "ingest_cells", in.config.rings.ingest_cells);
  in.reader.read(rings, "ingest_soft_mark_cells", in.config.rings.ingest_soft_mark_cells);
  in.reader.read(rings, "worker_cells", in.config.rings.worker_cells);
  in.reader.read(rings, "hold_cells", in.config.rings.hold_cells);
  in.reader.read(rings, "hold_timeout_ms", in.config.rings.hold_timeout_ms);
  in.reader.read(rings, "burst", in.config.rings.burst);
  choose_ring_sizes(in);
  if (in.config.rings.ingest_soft_mark_cells <= in.config.rings.ingest_cells) return;
  // A small ring brings the default mark down; a mark that was written is judged.
  if (!in.reader.has(rings, "ingest_soft_mark_cells")) {
    in.config.rings.ingest_soft_mark_cells = in.config.rings.ingest_cells;
    return;
  }
  in.reader.problem(in.reader.where(rings, "ingest_soft_mark_cells"),
                    "'ingest_soft_mark_cells' is " +
                        std::to_string(in.config.rings.ingest_soft_mark_cells) +
                        ", beyond ingest_cells = " + std::to_string(in.config.rings.ingest_cells),
                    "give at most ingest_cells");
}

void read_deduplication(const Loading& in) {
  const Section section = in.reader.section("deduplication");
  in.reader.read(section, "sequenced", in.config.deduplication.sequenced);
  in.reader.read(section, "window", in.config.deduplication.window);
  in.reader.read(section, "producers", in.config.deduplication.producers);
  in.reader.read(section, "idempotency_s", in.config.deduplication.idempotency_s);
  in.reader.read(section, "keyed_bytes", in.config.deduplication.keyed_bytes);
  in.reader.read(section, "state_file", in.config.deduplication.state_file);
}

}  // namespace esc::config
