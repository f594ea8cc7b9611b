// SPDX-License-Identifier: BSD-3-Clause
// Rules of the configuration: [[producer]].
#include <unordered_map>

#include "config/loading.hpp"
#include "config/sections.hpp"

namespace esc::config {

void load_producers(const Loading& in, const SectionSpec& spec) {
  const std::vector<Section> sections = in.reader.sections(spec);
  std::unordered_map<std::uint64_t, const Section*> ids;
  for (const Section& section : sections) {
    ProducerConfig producer;
    in.reader.read_rows(section, &producer);
    if (in.reader.sound("id")) {
      const auto [first, is_new] = ids.emplace(producer.id, &section);
      if (!is_new) {
        in.reader.problem(in.reader.where(section, "id"),
                          "producer " + std::to_string(producer.id) + " stands already at " +
                              in.reader.where(*first->second, "id"),
                          "put all its sources into one [[producer]]");
      }
    }
    in.config.producers.push_back(std::move(producer));
  }
}

}  // namespace esc::config
