// SPDX-License-Identifier: BSD-3-Clause
// How the rows in keys_*.cpp are written. A row is bound to a member of its section's struct: the
// type and the default of the key are the member's. A row that does not fit its member does not
// compile. Internal to lib/config.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "config/entry.hpp"
#include "config/keys.hpp"
#include "config/members.hpp"
#include "config/row_checks.hpp"
#include "config/sections.hpp"
#include "config/value_text.hpp"
#include "wire/ip_prefix.hpp"

namespace esc::config {

// Bounds of lists of prefixes: bytes of one prefix, and how many there may be.
inline constexpr std::int64_t kShortestPrefix = 2;  // "::"
inline constexpr std::int64_t kLongestPrefix = 49;  // an IPv6 address that ends as IPv4, "/128"
inline constexpr auto kMaxPrefixes = static_cast<std::int64_t>(wire::PrefixSet::kMaxPrefixes);

inline constexpr std::int64_t kKi = 1 << 10;
inline constexpr std::int64_t kMi = 1 << 20;

namespace detail {

template <class Member>
void read(const Entry& entry, Member& out) {
  if constexpr (std::same_as<Member, bool>) {
    if (const auto value = entry.boolean()) out = *value;
  } else if constexpr (std::is_enum_v<Member>) {
    if (const auto value = entry.choice()) out = static_cast<Member>(*value);
  } else if constexpr (std::same_as<Member, std::string>) {
    if (auto value = entry.string()) out = std::move(*value);
  } else if constexpr (std::same_as<Member, Device>) {
    if (auto value = entry.device()) out = std::move(*value);
  } else if constexpr (std::same_as<Member, std::vector<std::string>>) {
    if (auto value = entry.strings()) out = std::move(*value);
  } else if constexpr (std::same_as<Member, std::vector<wire::IpPrefix>>) {
    if (auto value = entry.prefixes()) out = std::move(*value);
  } else if constexpr (kIsVector<Member> || kArraySize<Member> != 0) {
    const auto numbers = entry.integers();
    if (!numbers) return;
    if constexpr (kIsVector<Member>) out.resize(numbers->size());
    // An array has as many elements as the row demands.
    for (std::size_t i = 0; i < out.size() && i < numbers->size(); ++i) {
      out[i] = static_cast<typename Member::value_type>((*numbers)[i]);
    }
  } else {
    using Value = typename ValueOf<Member>::Type;
    if constexpr (std::same_as<Member, std::uint64_t>) {
      if (entry.spec().type == KeyType::kUnsigned64) {
        if (const auto value = entry.unsigned64()) out = *value;
        return;
      }
    }
    if (const auto value = entry.integer()) out = static_cast<Value>(*value);
  }
}

template <class Value>
[[nodiscard]] std::string text(const KeySpec& spec, const Value& value) {
  if constexpr (kIsOptional<Value>) {
    return value ? text(spec, *value) : "";
  } else if constexpr (kIsVector<Value> || kArraySize<Value> != 0) {
    std::string list;
    for (const auto& one : value) list += (list.empty() ? "" : ", ") + text(spec, one);
    return "[" + list + "]";
  } else if constexpr (std::same_as<Value, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_enum_v<Value>) {
    return choice_text(spec, static_cast<std::size_t>(value));
  } else if constexpr (std::integral<Value>) {
    return number_text(value);
  } else if constexpr (std::same_as<Value, Device>) {
    return string_text(value.spec);
  } else if constexpr (std::same_as<Value, wire::IpPrefix>) {
    return string_text(to_text(value));
  } else {
    return string_text(value);
  }
}

template <auto... Path>
[[nodiscard]] consteval KeyBinding key_binding() {
  using Object = typename PathOf<Path...>::Object;
  return {.read =
              [](const Entry& entry, void* object) {
                detail::read(entry, follow<Path...>(*static_cast<Object*>(object)));
              },
          .text =
              [](const KeySpec& spec, const void* object) {
                return detail::text(spec, follow<Path...>(*static_cast<const Object*>(object)));
              },
          .default_text =
              [](const KeySpec& spec) {
                const Object object{};
                return detail::text(spec, follow<Path...>(object));
              },
          .same =
              [](const void* one, const void* other) {
                return follow<Path...>(*static_cast<const Object*>(one)) ==
                       follow<Path...>(*static_cast<const Object*>(other));
              }};
}

}  // namespace detail

/// A row of a section whose struct is `Object`.
template <class Object>
struct Row {
  KeySpec spec;
};

/// The row of the member that `Path` leads to: `key<&LimitsConfig::max_routes>({.key = ...})`. It
/// says what the member cannot say about the key: bounds, whether a reload takes it, example and
/// meaning.
template <auto... Path>
[[nodiscard]] consteval Row<typename detail::PathOf<Path...>::Object> key(KeySpec spec) {
  using Member = typename detail::PathOf<Path...>::Member;
  if (spec.type == KeyType::kByMember) spec.type = detail::type_of<Member>();
  if constexpr (constexpr auto kItems = detail::kArraySize<Member>; kItems != 0) {
    spec.min_items = spec.max_items = static_cast<std::int64_t>(kItems);
  }
  if constexpr (std::same_as<Member, std::vector<wire::IpPrefix>>) {
    spec.min = kShortestPrefix;
    spec.max = kLongestPrefix;
    spec.max_items = kMaxPrefixes;
  }
  spec.binding = detail::key_binding<Path...>();
  detail::refuse_wrong(detail::row_problem<Path...>(spec));
  return {spec};
}

/// The rows of a section.
template <class Object, std::size_t Count>
struct Rows {
  std::string_view section;
  std::array<KeySpec, Count> specs;
};

template <class Object, std::size_t Count>
[[nodiscard]] consteval Rows<Object, Count> rows_of(std::string_view section,
                                                    const std::array<Row<Object>, Count>& each) {
  Rows<Object, Count> made{section, {}};
  for (std::size_t i = 0; i < Count; ++i) {
    made.specs[i] = each[i].spec;
    made.specs[i].section = section;
  }
  return made;
}

/// The rows of another section that has the same struct, without its first row.
template <class Object, std::size_t Count>
[[nodiscard]] consteval Rows<Object, Count - 1> rest_of(const Rows<Object, Count>& others,
                                                        std::string_view section) {
  Rows<Object, Count - 1> made{section, {}};
  std::copy(others.specs.begin() + 1, others.specs.end(), made.specs.begin());
  for (KeySpec& spec : made.specs) spec.section = section;
  return made;
}

namespace detail {

template <auto... Path>
[[nodiscard]] constexpr auto& part_of(auto& config) noexcept {
  if constexpr (sizeof...(Path) == 0) {
    return config;
  } else {
    return follow<Path...>(config);
  }
}

template <auto... Path>
[[nodiscard]] consteval SectionBinding section_binding() {
  using Part = std::remove_cvref_t<decltype(part_of<Path...>(std::declval<Config&>()))>;
  using Object = typename ValueOf<Part>::Type;
  SectionBinding binding;
  if constexpr (kIsVector<Part>) {
    binding.count = [](const Config& config) { return part_of<Path...>(config).size(); };
    binding.at = [](const Config& config, std::size_t index) -> const void* {
      return &part_of<Path...>(config)[index];
    };
  } else if constexpr (kIsOptional<Part>) {
    binding.count = [](const Config& config) -> std::size_t {
      return part_of<Path...>(config) ? 1 : 0;
    };
    binding.at = [](const Config& config, std::size_t) -> const void* {
      return &*part_of<Path...>(config);
    };
  } else {
    binding.count = [](const Config&) -> std::size_t { return 1; };
    binding.at = [](const Config& config, std::size_t) -> const void* {
      return &part_of<Path...>(config);
    };
    binding.table = [](Config& config) -> void* { return &part_of<Path...>(config); };
  }
  if constexpr (std::equality_comparable<Object>) {
    binding.same = [](const void* one, const void* other) {
      return *static_cast<const Object*>(one) == *static_cast<const Object*>(other);
    };
  }
  return binding;
}

}  // namespace detail

/// The section whose structs `Path` leads to from a Config. Without a path its struct is the
/// Config.
template <auto... Path, class Object, std::size_t Count>
[[nodiscard]] consteval SectionSpec section(SectionSpec spec, const Rows<Object, Count>& rows) {
  using Part = std::remove_cvref_t<decltype(detail::part_of<Path...>(std::declval<Config&>()))>;
  static_assert(std::same_as<Object, typename detail::ValueOf<Part>::Type>);
  spec.name = rows.section;
  spec.keys = rows.specs;
  spec.binding = detail::section_binding<Path...>();
  return spec;
}

}  // namespace esc::config
