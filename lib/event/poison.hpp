// SPDX-License-Identifier: BSD-3-Clause
// Lets AddressSanitizer see inside mbufs: what lies behind a packet's data must not be read.
#pragma once

#include <rte_mbuf.h>

#include <cstdint>

#if defined(__SANITIZE_ADDRESS__)
#define ESC_POISON_MBUFS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ESC_POISON_MBUFS 1
#endif
#endif

#ifdef ESC_POISON_MBUFS
#include <sanitizer/asan_interface.h>
#endif

namespace esc::event {

/// Poisons the tailroom of every segment. For a packet that was just received.
inline void poison_tailroom([[maybe_unused]] rte_mbuf* packet) noexcept {
#ifdef ESC_POISON_MBUFS
  for (rte_mbuf* seg = packet; seg != nullptr; seg = seg->next) {
    __asan_poison_memory_region(rte_pktmbuf_mtod_offset(seg, char*, seg->data_len),
                                rte_pktmbuf_tailroom(seg));
  }
#endif
}

/// The whole buffer may be written again: before the segment goes back to its pool.
inline void unpoison([[maybe_unused]] rte_mbuf* segment) noexcept {
#ifdef ESC_POISON_MBUFS
  __asan_unpoison_memory_region(segment->buf_addr, segment->buf_len);
#endif
}

/// rte_pktmbuf_free_seg, with unpoison() when this is the last reference.
inline void free_segment(rte_mbuf* segment) noexcept {
#ifdef ESC_POISON_MBUFS
  rte_mbuf* last = rte_pktmbuf_prefree_seg(segment);
  if (last == nullptr) return;
  unpoison(last);
  rte_mbuf_raw_free(last);
#else
  rte_pktmbuf_free_seg(segment);
#endif
}

/// Whether the caller has all references to the segment, of which `count` are its own. Then nobody
/// else can add one, since adding takes a reference.
[[nodiscard]] inline bool has_all_references(const rte_mbuf* segment,
                                             std::uint16_t count = 1) noexcept {
  // Acquire: pairs with the update by which the last other holder gave up its own, so that it is
  // done with the bytes.
  return __atomic_load_n(&segment->refcnt, __ATOMIC_ACQUIRE) == count;
}

/// Gives back `count` references at once, all of them the caller's, with at most one atomic
/// operation instead of one for each reference.
inline void free_segment(rte_mbuf* segment, std::uint16_t count) noexcept {
  if (count > 1) {
    if (has_all_references(segment, count)) {
      rte_mbuf_refcnt_set(segment, 1);
    } else {
      rte_mbuf_refcnt_update(segment, static_cast<std::int16_t>(1 - count));
    }
  }
  free_segment(segment);
}

/// rte_pktmbuf_free, with unpoison() for each segment whose last reference this is.
inline void free_packet(rte_mbuf* packet) noexcept {
#ifdef ESC_POISON_MBUFS
  while (packet != nullptr) {
    rte_mbuf* next = packet->next;
    free_segment(packet);
    packet = next;
  }
#else
  rte_pktmbuf_free(packet);
#endif
}

}  // namespace esc::event
