// SPDX-License-Identifier: BSD-3-Clause
// The queues under test: ours, and the baselines that stand beside them.
#pragma once

#include <concurrentqueue/concurrentqueue.h>
#include <readerwriterqueue/readerwriterqueue.h>
#include <rte_ring.h>
#include <tbb/concurrent_queue.h>

#include <cstdlib>
#include <new>
#include <vector>

#include "ring/mpsc_ring.hpp"
#include "ring/spsc_ring.hpp"
#include "ring_bench.hpp"

namespace esc::bench {

class Mpsc {
 public:
  using Element = Element56;
  std::size_t push(std::span<const Element> items) { return producer_.push_burst(items); }
  std::size_t pop(std::span<Element> out) { return ring_.pop_burst(out); }

 protected:
  using Ring = ring::MpscRing<Element>;
  std::vector<Ring::Cell> cells_{kCapacity};
  Ring ring_{cells_};
  Ring::Producer producer_{ring_};
};

/// As the dispatcher uses it: elements are looked at in place, not copied out.
class MpscInPlace : public Mpsc {
 public:
  std::size_t pop(std::span<Element> out) {
    std::uint64_t sum = 0;
    const std::size_t count =
        ring_.consume_burst(out.size(), [&sum](const Element& e) { sum += e.words[0]; });
    benchmark::DoNotOptimize(sum);
    return count;
  }
};

class Spsc {
 public:
  using Element = Element64;
  std::size_t push(std::span<const Element> items) { return ring_.push_burst(items); }
  std::size_t pop(std::span<Element> out) { return ring_.pop_burst(out); }

 protected:
  struct alignas(kCacheLineBytes) Slot {
    Element value;
  };
  std::vector<Slot> memory_{kCapacity};
  ring::SpscRing<Element> ring_{
      ring::SpscRing<Element>::slots_in(std::as_writable_bytes(std::span(memory_)))};
};

class SpscInPlace : public Spsc {
 public:
  std::size_t pop(std::span<Element> out) {
    std::uint64_t sum = 0;
    const std::size_t count =
        ring_.consume_burst(out.size(), [&sum](const Element& e) { sum += e.words[0]; });
    benchmark::DoNotOptimize(sum);
    return count;
  }
};

/// An rte_ring in memory of its own: it needs no EAL.
class RteRingMemory {
 public:
  RteRingMemory(unsigned element_bytes, unsigned flags)
      : ring_(static_cast<rte_ring*>(std::aligned_alloc(
            kCacheLineBytes, static_cast<std::size_t>(rte_ring_get_memsize_elem(
                                 element_bytes, static_cast<unsigned>(kCapacity)))))) {
    if (ring_ == nullptr ||
        rte_ring_init(ring_, "bench", static_cast<unsigned>(kCapacity), flags) != 0) {
      std::abort();
    }
  }
  ~RteRingMemory() { std::free(ring_); }
  RteRingMemory(const RteRingMemory&) = delete;
  RteRingMemory& operator=(const RteRingMemory&) = delete;

  [[nodiscard]] rte_ring* get() const { return ring_; }

 private:
  rte_ring* ring_;
};

/// Elements of 64 bytes by value; one consumer, producers as the flags say.
template <unsigned kProducerFlags>
class RteRing64 {
 public:
  using Element = Element64;
  std::size_t push(std::span<const Element> items) {
    return rte_ring_enqueue_burst_elem(ring_.get(), items.data(), sizeof(Element),
                                       static_cast<unsigned>(items.size()), nullptr);
  }
  std::size_t pop(std::span<Element> out) {
    return rte_ring_dequeue_burst_elem(ring_.get(), out.data(), sizeof(Element),
                                       static_cast<unsigned>(out.size()), nullptr);
  }

 private:
  RteRingMemory ring_{sizeof(Element), kProducerFlags | RING_F_SC_DEQ};
};

/// Pointers, as DPDK applications pass mbufs. What they point to is not touched: another eighth of
/// the work.
template <unsigned kProducerFlags>
class RteRingPointers {
 public:
  using Element = void*;
  std::size_t push(std::span<const Element> items) {
    return rte_ring_enqueue_burst(ring_.get(), items.data(), static_cast<unsigned>(items.size()),
                                  nullptr);
  }
  std::size_t pop(std::span<Element> out) {
    return rte_ring_dequeue_burst(ring_.get(), out.data(), static_cast<unsigned>(out.size()),
                                  nullptr);
  }

 private:
  RteRingMemory ring_{sizeof(Element), kProducerFlags | RING_F_SC_DEQ};
};

class TbbBounded {
 public:
  using Element = Element64;
  TbbBounded() { queue_.set_capacity(static_cast<std::ptrdiff_t>(kCapacity)); }
  std::size_t push(std::span<const Element> items) {
    std::size_t count = 0;
    while (count < items.size() && queue_.try_push(items[count])) ++count;
    return count;
  }
  std::size_t pop(std::span<Element> out) {
    std::size_t count = 0;
    while (count < out.size() && queue_.try_pop(out[count])) ++count;
    return count;
  }

 private:
  tbb::concurrent_bounded_queue<Element> queue_;
};

/// Unbounded: only where the driver itself bounds it (round_trip).
class TbbUnbounded {
 public:
  using Element = Element64;
  std::size_t push(std::span<const Element> items) {
    for (const Element& item : items) queue_.push(item);
    return items.size();
  }
  std::size_t pop(std::span<Element> out) {
    std::size_t count = 0;
    while (count < out.size() && queue_.try_pop(out[count])) ++count;
    return count;
  }

 private:
  tbb::concurrent_queue<Element> queue_;
};

/// try_enqueue_bulk takes all or nothing, and never allocates.
class MoodycamelMpmc {
 public:
  using Element = Element64;
  std::size_t push(std::span<const Element> items) {
    return queue_.try_enqueue_bulk(producer_, items.data(), items.size()) ? items.size() : 0;
  }
  std::size_t pop(std::span<Element> out) {
    return queue_.try_dequeue_bulk(consumer_, out.data(), out.size());
  }

 private:
  moodycamel::ConcurrentQueue<Element> queue_{kCapacity, 1, 0};
  moodycamel::ProducerToken producer_{queue_};
  moodycamel::ConsumerToken consumer_{queue_};
};

class MoodycamelSpsc {
 public:
  using Element = Element64;
  std::size_t push(std::span<const Element> items) {
    std::size_t count = 0;
    while (count < items.size() && queue_.try_enqueue(items[count])) ++count;
    return count;
  }
  std::size_t pop(std::span<Element> out) {
    std::size_t count = 0;
    while (count < out.size() && queue_.try_dequeue(out[count])) ++count;
    return count;
  }

 private:
  moodycamel::ReaderWriterQueue<Element> queue_{kCapacity};
};

}  // namespace esc::bench
