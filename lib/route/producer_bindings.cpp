// SPDX-License-Identifier: BSD-3-Clause
#include "route/producer_bindings.hpp"

#include <algorithm>
#include <bit>
#include <map>

namespace esc::route {

ProducerBindings::ProducerBindings(std::span<const config::ProducerConfig> producers,
                                   std::uint64_t seed)
    : seed_(seed),
      mask_(std::bit_ceil(std::max(producers.size() * 2, std::size_t{2})) - 1),
      size_(producers.size()),
      slots_(mask_ + 1) {
  std::map<std::vector<wire::IpPrefix>, std::uint32_t> known;
  for (const config::ProducerConfig& producer : producers) {
    const auto [found, is_new] =
        known.try_emplace(producer.sources, static_cast<std::uint32_t>(sets_.size()));
    if (is_new) sets_.emplace_back(producer.sources);
    std::uint64_t at = place_of(producer.id);
    while (slots_[at].set != kNone) at = (at + 1) & mask_;
    slots_[at] = {producer.id, found->second};
  }
}

}  // namespace esc::route
