// SPDX-License-Identifier: BSD-3-Clause
// [[producer]], and lists of prefixes.
#include <algorithm>
#include <unordered_map>

#include "config/loading.hpp"
#include "config/text.hpp"

namespace esc::config {

std::vector<wire::IpPrefix> read_prefixes(const Loading& in, const Section& section,
                                          std::string_view key) {
  struct Placed {
    wire::IpPrefix prefix;
    std::size_t index = 0;
  };
  const std::vector<std::string> texts = in.reader.strings(section, key);
  std::vector<Placed> placed;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto parsed = wire::parse_prefix(texts[i]);
    if (const auto* bad = std::get_if<wire::PrefixProblem>(&parsed)) {
      in.reader.problem(in.reader.where(section, key, i), in_quotes(texts[i]) + " " + bad->what,
                        bad->fix);
    } else {
      placed.push_back({std::get<wire::IpPrefix>(parsed), i});
    }
  }
  std::ranges::stable_sort(placed, {}, &Placed::prefix);
  std::vector<wire::IpPrefix> prefixes;
  for (const Placed& one : placed) {
    if (!prefixes.empty() && prefixes.back() == one.prefix) {
      in.reader.problem(in.reader.where(section, key, one.index),
                        "'" + std::string(key) + "' lists " + to_text(one.prefix) + " twice",
                        "remove one");
    } else {
      prefixes.push_back(one.prefix);
    }
  }
  in.prefixes.count += prefixes.size();
  if (in.prefixes.count > kMaxPrefixesInAll && in.prefixes.beyond.empty()) {
    in.prefixes.beyond = in.reader.where(section, key);
  }
  return prefixes;
}

void read_producers(const Loading& in) {
  const std::vector<Section> sections = in.reader.sections("producer");
  std::unordered_map<std::uint64_t, const Section*> ids;
  for (const Section& section : sections) {
    ProducerConfig producer;
    const auto id = in.reader.unsigned64(section, "id");
    if (id) {
      producer.id = *id;
      const auto [first, is_new] = ids.emplace(*id, &section);
      if (!is_new) {
        in.reader.problem(in.reader.where(section, "id"),
                          "producer " + std::to_string(*id) + " stands already at " +
                              in.reader.where(*first->second, "id"),
                          "put all its sources into one [[producer]]");
      }
    }
    producer.sources = read_prefixes(in, section, "sources");
    in.config.producers.push_back(std::move(producer));
  }
}

void check_prefix_total(const Loading& in) {
  if (in.prefixes.beyond.empty()) return;
  in.reader.problem(in.prefixes.beyond,
                    "there are " + std::to_string(in.prefixes.count) +
                        " prefixes in all 'publishers' and 'sources'",
                    "have at most " + std::to_string(kMaxPrefixesInAll));
}

}  // namespace esc::config
