// SPDX-License-Identifier: BSD-3-Clause
// Where dead letters are kept, and what the rest of the file expects of that.
#include <string>

#include "config/loading.hpp"

namespace esc::config {
namespace {

void check_sizes(const Loading& in, const Section& section) {
  const DeadLettersConfig& letters = in.config.dead_letters;
  if (letters.segment_bytes < 4 * letters.commit_bytes) {
    in.reader.problem(in.reader.where(section, "segment_bytes"),
                      "'segment_bytes' is " + std::to_string(letters.segment_bytes) +
                          ", commit_bytes " + std::to_string(letters.commit_bytes),
                      "give at least four times commit_bytes");
  }
  if (letters.max_bytes != 0 && letters.max_bytes < 2 * letters.segment_bytes) {
    in.reader.problem(in.reader.where(section, "max_bytes"),
                      "'max_bytes' is " + std::to_string(letters.max_bytes) + ", segment_bytes " +
                          std::to_string(letters.segment_bytes),
                      "give at least twice segment_bytes, or lower that");
  }
}

}  // namespace

void read_dead_letters(const Loading& in) {
  const Section section = in.reader.section("dead_letters");
  DeadLettersConfig& letters = in.config.dead_letters;
  in.reader.read(section, "directory", letters.directory);
  in.reader.read(section, "segment_bytes", letters.segment_bytes);
  in.reader.read(section, "commit_bytes", letters.commit_bytes);
  in.reader.read(section, "commit_ms", letters.commit_ms);
  in.reader.read(section, "ring_cells", letters.ring_cells);
  in.reader.read(section, "stale", letters.stale);
  in.reader.read(section, "io_uring", letters.io_uring);
  in.reader.read(section, "max_bytes", letters.max_bytes);
  in.reader.read(section, "max_segments", letters.max_segments);
  in.reader.read(section, "max_age_s", letters.max_age_s);
  in.reader.read(section, "min_free_bytes", letters.min_free_bytes);
  check_sizes(in, section);
  if (section.table != nullptr && letters.directory.empty()) {
    in.warning(in.reader.where(section, ""), "[dead_letters] has no effect without a directory",
               "name one, or remove the section");
  }
  const Section lcores = in.reader.section("lcores");
  if (in.reader.has(lcores, "storage") && letters.directory.empty()) {
    in.warning(in.reader.where(lcores, "storage"), "'storage' has no effect",
               "it needs dead_letters.directory");
  }
}

void check_keep_shed(const Loading& in) {
  if (in.config.pressure.keep_shed == KeepShed::kNever || in.config.dead_letters.kept()) return;
  in.warning(in.reader.where(in.reader.section("pressure"), "keep_shed"),
             "'keep_shed' keeps nothing: what is shed is dropped", "name a dead_letters.directory");
}

void read_replay(const Loading& in) {
  in.config.replay.sources = read_prefixes(in, in.reader.section("replay"), "sources");
}

}  // namespace esc::config
