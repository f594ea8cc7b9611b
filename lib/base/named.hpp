// SPDX-License-Identifier: BSD-3-Clause
// Tables that give each enumerator its name and help. A row with a wrong name does not compile.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace esc {

/// One row of a table. The table has one row for each enumerator of Enum (whose last enumerator is
/// kCount), in their order. `name` is the enumerator's name in snake case, without the k:
/// "worker_full" for kWorkerFull. `help` says in one line what the enumerator stands for, without a
/// full stop.
template <class Enum>
struct Named {
  Enum value;
  std::string_view name;
  std::string_view help;
};

template <class Enum>
using NamedTable = std::array<Named<Enum>, static_cast<std::size_t>(Enum::kCount)>;

namespace detail {

/// Finds "kWorkerFull" in the function's name, which is "... [with auto Value =
/// esc::FrameDrop::kWorkerFull; ...]" with GCC and "... [Value = ...]" with Clang.
template <auto Value>
[[nodiscard]] constexpr std::string_view identifier() {
  const std::string_view text = __PRETTY_FUNCTION__;
  const std::size_t begin = text.find("Value = ") + 8;
  const std::string_view value = text.substr(begin, text.find_first_of(";]", begin) - begin);
  return value.substr(value.rfind(':') + 1);
}

/// Whether `name` is the snake case of `identifier`, as "worker_full" is of "kWorkerFull".
[[nodiscard]] constexpr bool names(std::string_view name, std::string_view identifier) {
  std::size_t at = 0;
  for (std::size_t i = 1; i < identifier.size(); ++i) {
    const char letter = identifier[i];
    const bool upper = letter >= 'A' && letter <= 'Z';
    if (upper && i > 1 && (at >= name.size() || name[at++] != '_')) return false;
    const char small = upper ? static_cast<char>(letter - 'A' + 'a') : letter;
    if (at >= name.size() || name[at++] != small) return false;
  }
  return !identifier.empty() && identifier[0] == 'k' && at == name.size();
}

template <class Enum, std::size_t... I>
[[nodiscard]] constexpr bool well_named(const NamedTable<Enum>& table, std::index_sequence<I...>) {
  return ((table[I].value == static_cast<Enum>(I) && !table[I].help.empty() &&
           table[I].help.back() != '.' &&
           names(table[I].name, identifier<static_cast<Enum>(I)>())) &&
          ...);
}

}  // namespace detail

/// Whether every enumerator has its row, in its place, with its own name and with help.
template <class Enum>
[[nodiscard]] constexpr bool well_named(const NamedTable<Enum>& table) {
  return detail::well_named(table,
                            std::make_index_sequence<static_cast<std::size_t>(Enum::kCount)>{});
}

/// Only the names, by enumerator.
template <class Enum>
[[nodiscard]] constexpr auto names_of(const NamedTable<Enum>& table) {
  std::array<std::string_view, static_cast<std::size_t>(Enum::kCount)> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = table[i].name;
  return names;
}

}  // namespace esc
