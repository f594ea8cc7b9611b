#include "app/escd/key_memory.hpp"

#include <rte_cycles.h>

namespace esc::app {
namespace {

// A bucket among millions that fills up by chance is nobody's concern; a table in which one new key
// of ten puts another one out is too small.
constexpr std::uint64_t kShortFrom = 10;
constexpr std::uint64_t kJudgedEveryS = 10;

}  // namespace

KeyMemory::KeyMemory(const config::DeduplicationConfig& deduplication, int socket,
                     std::size_t pipelines)
    : buckets_("esc keys", identity::KeyedTable::buckets_for(deduplication.keyed_bytes), socket),
      table_(buckets_.span(), deduplication.idempotency_s * rte_get_tsc_hz(),
             pipelines == 1 ? identity::KeyCallers::kOne : identity::KeyCallers::kMany),
      hasher_(identity::random_key_secret()),
      window_s_(deduplication.idempotency_s),
      effective_window_s_(window_s_),
      effective_(table_.tick_cycles(), static_cast<double>(rte_get_tsc_hz())) {}

bool KeyMemory::watch(const identity::KeyedTotals& totals, std::uint64_t now) noexcept {
  effective_window_s_.store(effective_.sample(totals, now), std::memory_order_relaxed);
  if (now - judged_ < kJudgedEveryS * rte_get_tsc_hz()) return false;
  judged_ = now;
  const std::uint64_t fresh = totals.fresh - fresh_;
  const std::uint64_t evicted = totals.evicted - evicted_;
  fresh_ = totals.fresh;
  evicted_ = totals.evicted;
  const bool was_short = short_;
  short_ = evicted != 0 && evicted * kShortFrom >= fresh;
  return short_ != was_short;
}

}  // namespace esc::app
