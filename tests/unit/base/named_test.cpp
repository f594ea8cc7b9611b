// SPDX-License-Identifier: BSD-3-Clause
#include "base/named.hpp"

#include <cstdint>

namespace esc {
namespace {

enum class Colour : std::uint8_t { kRed, kDarkGreen, kCount };

// Tables whose static_assert would not compile: each must not be well named.
static_assert(well_named(NamedTable<Colour>{
    {{Colour::kRed, "red", "like blood"}, {Colour::kDarkGreen, "dark_green", "like moss"}}}));
static_assert(!well_named(NamedTable<Colour>{{{Colour::kRed, "dark_green", "like blood"},
                                              {Colour::kDarkGreen, "red", "like moss"}}}),
              "the names are swapped");
static_assert(!well_named(NamedTable<Colour>{{{Colour::kDarkGreen, "dark_green", "like moss"},
                                              {Colour::kRed, "red", "like blood"}}}),
              "the rows are swapped");
static_assert(!well_named(NamedTable<Colour>{{{Colour::kRed, "red", "like blood"}}}),
              "one has no row");
static_assert(!well_named(NamedTable<Colour>{
                  {{Colour::kRed, "red", ""}, {Colour::kDarkGreen, "dark_green", "like moss"}}}),
              "one has no help");

static_assert(detail::names("topic_not_utf8", "kTopicNotUtf8"));
static_assert(!detail::names("topic_not_utf", "kTopicNotUtf8"));
static_assert(!detail::names("topic_not_utf88", "kTopicNotUtf8"));
static_assert(!detail::names("topicnot_utf8", "kTopicNotUtf8"));

}  // namespace
}  // namespace esc
