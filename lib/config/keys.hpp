// SPDX-License-Identifier: BSD-3-Clause
// The one table of everything that may stand in the file. Unknown keys, types, bounds, error texts
// and the reference page all come from it, so that they cannot disagree.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace esc::config {

enum class KeyType : std::uint8_t {
  kString,
  kStrings,
  kInteger,
  kIntegers,
  kUnsigned64,  ///< an integer, or a string with a decimal or 0x... number beyond its range
  kBoolean,
  kChoice,           ///< one of KeySpec::choices
  kChoiceOrBoolean,  ///< one of KeySpec::choices, true or false
  kCount
};

/// Bounds are inclusive. For a number (or each of a list) they bound its value, for a string (or
/// each of a list) its bytes.
struct KeySpec {
  std::string_view section;  ///< "" for the top level; "port" and "route" are arrays of tables
  std::string_view key;
  KeyType type = KeyType::kString;
  bool required = false;
  std::string_view default_text = {};  ///< as TOML; empty: none
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::int64_t min_items = 0;
  std::int64_t max_items = 0;
  bool zero_too = false;  ///< 0 is valid although min is above it
  bool power_of_two = false;
  std::span<const std::string_view> choices = {};
  std::string_view rule = {};  ///< what bounds cannot say
  std::string_view example = {};
  std::string_view meaning = {};
};

struct SectionSpec {
  std::string_view name;
  bool is_array = false;  ///< [[name]] instead of [name]
  std::int64_t max_count = 1;
  std::string_view meaning = {};
};

[[nodiscard]] std::span<const KeySpec> all_keys() noexcept;
[[nodiscard]] std::span<const SectionSpec> all_sections() noexcept;

/// nullptr: there is no such key (or section).
[[nodiscard]] const KeySpec* find_key(std::string_view section, std::string_view key) noexcept;
[[nodiscard]] const SectionSpec* find_section(std::string_view name) noexcept;

/// "an array of integers", "a string", ...
[[nodiscard]] std::string type_text(const KeySpec& spec);
/// "1 to 64 of them, unique, each 1 to 65535"
[[nodiscard]] std::string bounds_text(const KeySpec& spec);
/// "[lcores]", "[[port]]", or "the top level"
[[nodiscard]] std::string section_text(std::string_view section);

/// The reference of every key, in Markdown: what stands between the markers in
/// docs/configuration.md.
[[nodiscard]] std::string reference_markdown();

}  // namespace esc::config
