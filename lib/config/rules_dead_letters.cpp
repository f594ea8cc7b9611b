// SPDX-License-Identifier: BSD-3-Clause
// Rules of the configuration: sizes of dead letters' files, and keys that have no effect if dead
// letters are not kept.
#include <string>

#include "config/loading.hpp"
#include "config/sections.hpp"

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

void check_keep_shed(const Loading& in) {
  if (in.config.pressure.keep_shed == KeepShed::kNever || in.config.dead_letters.kept()) return;
  in.warning(in.reader.where(in.reader.known_section(kPressureSection), "keep_shed"),
             "'keep_shed' keeps nothing: what is shed is dropped", "name a dead_letters.directory");
}

}  // namespace

void check_dead_letters(const Loading& in, const Section& letters) {
  check_sizes(in, letters);
  const bool kept = in.config.dead_letters.kept();
  if (letters.table != nullptr && !kept) {
    in.warning(in.reader.where(letters, ""), "[dead_letters] has no effect without a directory",
               "name one, or remove the section");
  }
  const Section lcores = in.reader.known_section(kLcoresSection);
  if (in.reader.has(lcores, "storage") && !kept) {
    in.warning(in.reader.where(lcores, "storage"), "'storage' has no effect",
               "it needs dead_letters.directory");
  }
  check_keep_shed(in);
}

}  // namespace esc::config
