// SPDX-License-Identifier: BSD-3-Clause
#include "esc-replay/number_model.hpp"

#include <algorithm>
#include <utility>

namespace esc::replay {
namespace {

bool left_window(std::uint64_t highest, std::uint64_t sequence, std::uint64_t window) {
  return sequence <= highest && highest - sequence >= window;
}

}  // namespace

NumberVerdict NumberModel::judge(const NumberedEvent& event) {
  Producer& producer = producers_[event.producer];
  Figures& figures = producer.figures;
  if (figures.epochs != 0 && event.epoch < producer.epoch) {
    ++figures.stale;
    return NumberVerdict::kStale;
  }
  if (figures.epochs == 0 || event.epoch > producer.epoch) begin_epoch(producer, event);
  if (left_window(producer.highest, event.sequence, window_)) {
    ++figures.stale;
    return NumberVerdict::kStale;
  }
  const std::uint64_t place = event.sequence - first_sequence_;
  if (place >= producer.taken.size()) producer.taken.resize(place + 1);
  if (producer.taken[place]) {
    ++figures.duplicate;
    return NumberVerdict::kDuplicate;
  }
  producer.taken[place] = true;
  ++figures.delivered;
  if (event.sequence < producer.highest) {
    ++figures.late;
    figures.reorder_depth = std::max(figures.reorder_depth, producer.highest - event.sequence);
  }
  producer.highest = std::max(producer.highest, event.sequence);
  return NumberVerdict::kNew;
}

void NumberModel::begin_epoch(Producer& producer, const NumberedEvent& event) const {
  if (producer.figures.epochs != 0) {
    count_gaps(producer, window_, producer.figures);
    producer.figures.lost += std::exchange(producer.figures.missing, 0);
  }
  ++producer.figures.epochs;
  producer.epoch = event.epoch;
  producer.first = producer.highest = event.sequence;
  producer.taken.clear();
}

void NumberModel::count_gaps(const Producer& producer, std::uint64_t window,
                             Figures& figures) const {
  for (std::uint64_t n = producer.first; n < producer.highest; ++n) {
    if (!producer.taken[n - first_sequence_]) {
      ++(left_window(producer.highest, n, window) ? figures.lost : figures.missing);
    }
  }
}

NumberModel::Figures NumberModel::figures(std::uint64_t producer, std::uint64_t window) const {
  Figures figures = producers_[producer].figures;
  if (figures.epochs != 0) count_gaps(producers_[producer], window, figures);
  return figures;
}

}  // namespace esc::replay
