// SPDX-License-Identifier: BSD-3-Clause
// Checks that a row fits its member, made while compiling. Internal to lib/config.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/named.hpp"
#include "config/keys.hpp"
#include "config/members.hpp"

namespace esc::config::detail {

/// Whether a choice is the name of its enumerator, as "payload-id" is of "kPayloadId".
[[nodiscard]] constexpr bool is_name_of(std::string_view choice, std::string_view identifier) {
  std::array<char, 64> snake{};
  if (choice.size() > snake.size()) return false;
  std::ranges::replace_copy(choice, snake.begin(), '-', '_');
  return esc::detail::names({snake.data(), choice.size()}, identifier);
}

template <class Enum, std::size_t... I>
[[nodiscard]] constexpr auto identifiers(std::index_sequence<I...>) {
  return std::array<std::string_view, sizeof...(I)>{
      esc::detail::identifier<static_cast<Enum>(I)>()...};
}

/// Whether each enumerator has a name, and the names are in the order of the enumerators.
template <class Enum>
[[nodiscard]] constexpr bool names_all(std::span<const std::string_view> names) {
  constexpr std::size_t kMost = 16;
  constexpr auto kIdentifiers = identifiers<Enum>(std::make_index_sequence<kMost>{});
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i == kMost || !is_name_of(names[i], kIdentifiers[i])) return false;
  }
  // The compiler spells a value that is no enumerator as a number.
  return names.size() < kMost && !kIdentifiers[names.size()].starts_with('k');
}

/// Whether the row allows the default. Strings are not checked.
template <class Member>
[[nodiscard]] constexpr bool allows(const KeySpec& spec, const Member& value) {
  if (spec.required || spec.no_default) return true;
  if constexpr (Number<Member>) {
    return std::in_range<std::int64_t>(value) && in_bounds(spec, static_cast<std::int64_t>(value));
  } else if constexpr (kIsOptional<Member>) {
    return !value || allows(spec, *value);
  } else if constexpr (kArraySize<Member> != 0) {
    return std::ranges::all_of(value, [&](const auto& one) { return allows(spec, one); });
  } else {
    return true;
  }
}

/// Structs that can be made while compiling. The tests check the defaults of all others.
template <class Object>
concept MadeWhileCompiling = requires {
  typename std::bool_constant<(Object{}, true)>;
};

/// Why the row does not fit the member at the end of the path; empty: it fits.
template <auto... Path>
[[nodiscard]] constexpr const char* row_problem(const KeySpec& spec) {
  using Object = typename PathOf<Path...>::Object;
  using Member = typename PathOf<Path...>::Member;
  using Value = typename ValueOf<Member>::Type;
  if (spec.key.empty() || spec.meaning.empty()) return "it has no name or no meaning";
  if (!spec.example.starts_with(spec.key) ||
      !spec.example.substr(spec.key.size()).starts_with(" = ")) {
    return "its example does not set it";
  }
  if (spec.min > spec.max || spec.min_items > spec.max_items) {
    return "its bounds are the wrong way round";
  }
  const bool any_number = spec.type == KeyType::kUnsigned64;
  const bool or_boolean = spec.type == KeyType::kChoiceOrBoolean;
  if (any_number   ? !std::same_as<Member, std::uint64_t>
      : or_boolean ? !std::is_enum_v<Member>
                   : spec.type != type_of<Member>()) {
    return "its type is not its member's";
  }
  if constexpr (std::is_enum_v<Member>) {
    if (!or_boolean && !names_all<Member>(spec.choices)) {
      return "its choices are not its enumerators' names";
    }
  }
  if constexpr (Number<Value>) {
    if (!any_number && (!std::in_range<Value>(spec.min) || !std::in_range<Value>(spec.max))) {
      return "its member does not hold what its bounds allow";
    }
  }
  if constexpr (MadeWhileCompiling<Object>) {
    Object at_first{};
    if (!allows(spec, follow<Path...>(at_first))) return "its default is out of its bounds";
  }
  return "";
}

/// Compiles only if the text is empty. If not, both compilers name the row, and Clang shows the
/// text as well.
constexpr void refuse_wrong(const char* problem) {
  if (*problem != '\0') throw problem;
}

}  // namespace esc::config::detail
