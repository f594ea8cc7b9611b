// SPDX-License-Identifier: BSD-3-Clause
// Rules of the configuration: how deep rings are if the file does not say so.
#include <set>

#include "config/loading.hpp"
#include "config/sections.hpp"

namespace esc::config {
namespace {

/// Deep rings take up bursts while another CPU is late. If RX, dispatch and workers share one CPU
/// they take turns, so that a ring never holds more than a burst or two, and a small ring stays in
/// the cache.
void choose_ring_sizes(const Loading& in) {
  constexpr std::uint32_t kIngestCells = 65'536;
  constexpr std::uint32_t kWorkerCells = 16'384;
  constexpr std::uint32_t kHoldCells = 4'096;
  constexpr std::uint32_t kFoldedCells = 1'024;
  const LcoresConfig& lcores = in.config.lcores;
  std::set<unsigned> cpus;
  for (const auto* role : {&lcores.rx, &lcores.tcp, &lcores.dispatch, &lcores.workers}) {
    cpus.insert(role->begin(), role->end());
  }
  const bool folded = cpus.size() <= 1;
  RingsConfig& rings = in.config.rings;
  if (rings.ingest_cells == 0) rings.ingest_cells = folded ? kFoldedCells : kIngestCells;
  if (rings.worker_cells == 0) rings.worker_cells = folded ? kFoldedCells : kWorkerCells;
  if (rings.hold_cells == 0) rings.hold_cells = folded ? kFoldedCells : kHoldCells;
}

}  // namespace

void check_rings(const Loading& in, const Section& rings) {
  choose_ring_sizes(in);
  if (in.config.rings.ingest_soft_mark_cells <= in.config.rings.ingest_cells) return;
  // A small ring lowers the default mark. A mark that the file gives is checked instead.
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

}  // namespace esc::config
