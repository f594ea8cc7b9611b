// SPDX-License-Identifier: BSD-3-Clause
// Members of the configuration's structs as template arguments: the way to a member, and its type.
// Internal to lib/config.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/keys.hpp"

namespace esc::config::detail {

// The way from an object to a value: pointers to members, and indices where a member is an array.
template <auto First, auto... Rest>
[[nodiscard]] constexpr auto& follow(auto& object) noexcept {
  if constexpr (std::is_member_object_pointer_v<decltype(First)>) {
    if constexpr (sizeof...(Rest) == 0) {
      return object.*First;
    } else {
      return follow<Rest...>(object.*First);
    }
  } else {
    constexpr auto kIndex = static_cast<std::size_t>(First);
    if constexpr (sizeof...(Rest) == 0) {
      return object[kIndex];
    } else {
      return follow<Rest...>(object[kIndex]);
    }
  }
}

template <class Object, class Member>
Object class_of(Member Object::*);

/// The struct that a path starts from, and the type of what it leads to.
template <auto First, auto... Rest>
struct PathOf {
  using Object = decltype(class_of(First));
  using Member = std::remove_cvref_t<decltype(follow<First, Rest...>(std::declval<Object&>()))>;
};

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
inline constexpr std::size_t kArraySize = 0;
template <class T, std::size_t N>
inline constexpr std::size_t kArraySize<std::array<T, N>> = N;

template <class T>
struct ValueOf {
  using Type = T;
};
template <class T>
requires(kIsOptional<T> || kIsVector<T> || kArraySize<T> != 0) struct ValueOf<T> {
  using Type = typename T::value_type;
};

// std::integral, except bool.
template <class T>
concept Number = std::integral<T> && !std::same_as<T, bool>;

template <class Member>
[[nodiscard]] consteval KeyType type_of() {
  using Value = typename ValueOf<Member>::Type;
  constexpr bool kIsList = kIsVector<Member> || kArraySize<Member> != 0;
  if (std::same_as<Member, bool>) return KeyType::kBoolean;
  if (std::is_enum_v<Member>) return KeyType::kChoice;
  if (Number<Value>) return kIsList ? KeyType::kIntegers : KeyType::kInteger;
  return kIsList ? KeyType::kStrings : KeyType::kString;
}

}  // namespace esc::config::detail
