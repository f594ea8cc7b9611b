// SPDX-License-Identifier: BSD-3-Clause
// The identifiers of an enum's enumerators, from the compiler. A list of names can be compared with
// them, instead of with a second list.
#pragma once

#include <array>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/named.hpp"

namespace esc::test {

namespace detail {
template <class Enum, std::size_t... I>
[[nodiscard]] constexpr auto identifiers(std::index_sequence<I...>) {
  return std::array<std::string_view, sizeof...(I)>{
      esc::detail::identifier<static_cast<Enum>(I)>()...};
}
}  // namespace detail

/// "kWorkerFull", ..., in the order of their values, which are 0 to Count - 1. What is no
/// enumerator reads as "(esc::FrameDrop)30" or the like.
template <class Enum, std::size_t Count = static_cast<std::size_t>(Enum::kCount)>
[[nodiscard]] constexpr auto identifiers_of() {
  return detail::identifiers<Enum>(std::make_index_sequence<Count>{});
}

/// "worker_full" of "kWorkerFull".
[[nodiscard]] inline std::string plain_name(std::string_view identifier) {
  std::string name;
  for (const char letter : identifier.substr(1)) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isupper(byte) != 0 && !name.empty()) name += '_';
    name += static_cast<char>(std::tolower(byte));
  }
  return name;
}

/// The names that the enumerators of an enum should have.
template <class Enum, std::size_t Count = static_cast<std::size_t>(Enum::kCount)>
[[nodiscard]] std::array<std::string, Count> plain_names() {
  std::array<std::string, Count> names;
  for (std::size_t i = 0; i < Count; ++i) names[i] = plain_name(identifiers_of<Enum, Count>()[i]);
  return names;
}

}  // namespace esc::test
