// SPDX-License-Identifier: BSD-3-Clause
// Keys of the configuration: [[producer]].
#include <array>

#include "config/rows.hpp"

namespace esc::config {
namespace {

constexpr std::array kProducerRows = {
    key<&ProducerConfig::id>({.key = "id",
                              .type = KeyType::kUnsigned64,
                              .required = true,
                              .on_reload = OnReload::kTaken,
                              .rule = "as a string decimal or `0x...`; unique",
                              .example = "id = \"0xfeed00000000cafe\"",
                              .meaning = "The producer, as its session frames name it."}),
    key<&ProducerConfig::sources>({.key = "sources",
                                   .required = true,
                                   .min_items = 1,
                                   .on_reload = OnReload::kTaken,
                                   .rule = "IPv4 and IPv6 prefixes, unique",
                                   .example = "sources = [\"10.7.0.0/16\"]",
                                   .meaning = "The addresses from which its events may come."}),
};
constexpr auto kProducerKeys = rows_of("producer", kProducerRows);

}  // namespace

constinit const SectionSpec kProducerSection = section<&Config::producers>(
    {.is_array = true,
     .max_count = 65'536,
     .meaning = "One for each producer whose events may come from certain addresses only; at "
                "most 65536. Events of other producers may come from anywhere.",
     .load = load_producers},
    kProducerKeys);

}  // namespace esc::config
