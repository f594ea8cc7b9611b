// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/tally.hpp"

namespace esc::replay {
namespace {

template <class Array>
void add(Array& into, const Array& from) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] += from[i];
}

void add_topics(std::vector<Tally::Topic>& into, const std::vector<Tally::Topic>& from) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    into[i].events += from[i].events;
    into[i].bytes += from[i].bytes;
  }
}

}  // namespace

void Tally::merge(const Tally& other) {
  auto& f = ledger_.frames;
  f.received += other.ledger_.frames.received;
  f.delivered += other.ledger_.frames.delivered;
  f.control += other.ledger_.frames.control;
  add(f.duplicate, other.ledger_.frames.duplicate);
  f.stale += other.ledger_.frames.stale;
  add(f.dropped, other.ledger_.frames.dropped);
  auto& p = ledger_.packets;
  p.received += other.ledger_.packets.received;
  p.datagrams += other.ledger_.packets.datagrams;
  add(p.non_event, other.ledger_.packets.non_event);
  add(p.dropped, other.ledger_.packets.dropped);
  add_topics(listed_, other.listed_);
  add_topics(unlisted_, other.unlisted_);
}

}  // namespace esc::replay
