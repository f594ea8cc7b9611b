// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: when the appliance holds back and when it sheds.
#include <array>
#include <string_view>

#include "config/key_groups.hpp"

namespace esc::config {

namespace {

// "never", then levels, in the order of DeferFrom.
constexpr std::array<std::string_view, 3> kDeferNames = {"never", "elevated", "degraded"};
// In the order of KeepShed.
constexpr std::array<std::string_view, 3> kKeepShedNames = {"never", "critical", "always"};

namespace detail {

constexpr KeySpec enter_key(std::string_view key, std::string_view defaults,
                            std::string_view example, std::string_view meaning) {
  return {.section = "pressure",
          .key = key,
          .type = KeyType::kIntegers,
          .default_text = defaults,
          .min = 2,
          .max = 1'001,
          .min_items = 4,
          .max_items = 4,
          .rule = "rising; 1001: neither enters nor holds the level, and may repeat",
          .example = example,
          .meaning = meaning};
}

constexpr KeySpec leave_key(std::string_view key, std::string_view defaults,
                            std::string_view example, std::string_view meaning) {
  return {.section = "pressure",
          .key = key,
          .type = KeyType::kIntegers,
          .default_text = defaults,
          .min = 1,
          .max = 1'000,
          .min_items = 4,
          .max_items = 4,
          .rule = "not falling; each below its enter threshold",
          .example = example,
          .meaning = meaning};
}

}  // namespace detail

constexpr std::array kPressureKeys = {
    detail::enter_key("ingest_ring_enter_permille", "[600, 700, 800, 900]",
                      "ingest_ring_enter_permille = [700, 800, 900, 950]",
                      "A level is entered at once when the ring from the RX lcores to the "
                      "dispatcher is this full."),
    detail::leave_key("ingest_ring_leave_permille", "[580, 650, 750, 850]",
                      "ingest_ring_leave_permille = [400, 500, 600, 700]",
                      "A level may be left when that ring, and every other input, is below this."),
    detail::enter_key("worker_ring_enter_permille", "[500, 700, 850, 950]",
                      "worker_ring_enter_permille = [500, 800, 1001, 1001]",
                      "The same for the ring to a worker and what waits before it, of the emptiest "
                      "among the workers that move."),
    detail::leave_key("worker_ring_leave_permille", "[350, 550, 700, 850]",
                      "worker_ring_leave_permille = [300, 400, 500, 600]",
                      "The same for that ring."),
    detail::enter_key("pool_enter_permille", "[700, 800, 900, 950]",
                      "pool_enter_permille = [800, 850, 900, 950]",
                      "The same for the share of a pool's buffers that are not available, of the "
                      "emptiest pool."),
    detail::leave_key("pool_leave_permille", "[600, 700, 800, 900]",
                      "pool_leave_permille = [500, 600, 700, 800]", "The same for that pool."),
    detail::enter_key("worker_latency_enter_permille", "[250, 500, 1001, 1001]",
                      "worker_latency_enter_permille = [250, 500, 750, 1000]",
                      "The same for the age of the oldest event that a worker has in hand, of the "
                      "quickest that moves, in per mille of `worker_latency_full_us`."),
    detail::leave_key("worker_latency_leave_permille", "[125, 250, 500, 500]",
                      "worker_latency_leave_permille = [100, 200, 300, 400]",
                      "The same for that age."),
    detail::enter_key("dead_letters_enter_permille", "[500, 750, 1001, 1001]",
                      "dead_letters_enter_permille = [1001, 1001, 1001, 1001]",
                      "The same for the fullest ring to the storage lcore, as long as that takes "
                      "anything."),
    detail::leave_key("dead_letters_leave_permille", "[250, 500, 750, 750]",
                      "dead_letters_leave_permille = [100, 200, 300, 400]",
                      "The same for that ring."),
    KeySpec{.section = "pressure",
            .key = "worker_latency_full_us",
            .type = KeyType::kInteger,
            .default_text = "1000000",
            .min = 1'000,
            .max = 60'000'000,
            .example = "worker_latency_full_us = 50000",
            .meaning = "The age that counts as 1000 per mille, in microseconds."},
    KeySpec{.section = "pressure",
            .key = "dwell_ms",
            .type = KeyType::kIntegers,
            .default_text = "[100, 100, 100, 100]",
            .min = 1,
            .max = 60'000,
            .min_items = 4,
            .max_items = 4,
            .example = "dwell_ms = [50, 100, 200, 500]",
            .meaning = "How long every input must have been below the leave threshold before a "
                       "level is left, to the next lower one."},
    KeySpec{.section = "pressure",
            .key = "defer_lossless",
            .type = KeyType::kChoice,
            .default_text = "\"elevated\"",
            .choices = kDeferNames,
            .example = "defer_lossless = \"degraded\"",
            .meaning = "From which level on, up to `degraded`, ports that cannot lose are not "
                       "polled. From `critical` on every port is polled."},
    KeySpec{.section = "pressure",
            .key = "defer_nic",
            .type = KeyType::kChoice,
            .default_text = "\"degraded\"",
            .choices = kDeferNames,
            .example = "defer_nic = \"elevated\"",
            .meaning =
                "The same for every other port, as long as its descriptor ring is under half "
                "full."},
    KeySpec{.section = "pressure",
            .key = "shed_below",
            .type = KeyType::kIntegers,
            .default_text = "[128, 255]",
            .min = 0,
            .max = 255,
            .min_items = 2,
            .max_items = 2,
            .rule = "not falling; 0 sheds nothing",
            .example = "shed_below = [100, 200]",
            .meaning = "Two numbers, for `critical` and `emergency`: at the most, frames of a "
                       "priority below it are shed, the lowest first."},
    KeySpec{.section = "pressure",
            .key = "keep_shed",
            .type = KeyType::kChoice,
            .default_text = "\"never\"",
            .choices = kKeepShedNames,
            .example = "keep_shed = \"critical\"",
            .meaning =
                "At which levels what is shed becomes a dead letter (`[dead_letters]`): at "
                "`critical` only, or always. Without room on the way there it is `dlq_backlog`."},
};

}  // namespace

constinit const KeyGroup kPressureGroup = {
    SectionSpec{
        .name = "pressure",
        .meaning =
            "When the appliance holds back and when it sheds (docs/pressure.md). Where there are "
            "four numbers, they are for `elevated`, `degraded`, `critical` and `emergency`."},
    kPressureKeys};

}  // namespace esc::config
