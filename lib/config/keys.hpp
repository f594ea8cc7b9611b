// SPDX-License-Identifier: BSD-3-Clause
// The one table of everything that may stand in the file: a row for each key (keys_*.cpp). Reading,
// defaults, unknown keys, types, bounds, error texts, what a reload may change and the reference
// page all come from it, so that they cannot disagree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace esc::config {

struct Config;
class Entry;
struct KeySpec;
struct Loading;
struct Section;

enum class KeyType : std::uint8_t {
  kByMember,  ///< in a row: the type follows from the member's
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

/// What a reload does with a file that changes the key.
enum class OnReload : std::uint8_t {
  kRefused,  ///< it is fixed at the start: the file is not taken (check_fixed)
  kTaken,    ///< the running appliance uses the new value from then on
};

/// How the value of a key is written to its member, and read from it. An `object` is the struct
/// that has the member, the one for which the row was made: a LimitsConfig for each row of
/// [limits].
struct KeyBinding {
  /// Overwrites the member if the file has a valid value for the key.
  void (*read)(const Entry& entry, void* object) = nullptr;
  /// The member as TOML. Empty for a value which means that the key is absent.
  std::string (*text)(const KeySpec& spec, const void* object) = nullptr;
  /// The initial value of the member, as text too.
  std::string (*default_text)(const KeySpec& spec) = nullptr;
  bool (*same)(const void* one, const void* other) = nullptr;
};

/// Bounds are inclusive. For a number (or each of a list) they bound its value, for a string (or
/// each of a list) its bytes.
struct KeySpec {
  std::string_view section = {};  ///< "" for the top level; "port" and "route" are arrays of tables
  std::string_view key;
  KeyType type = KeyType::kByMember;
  bool required = false;
  bool no_default = false;  ///< the member's initial value is not one that the file can give
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::int64_t min_items = 0;
  std::int64_t max_items = 0;
  bool zero_too = false;  ///< 0 is valid although min is above it
  bool power_of_two = false;
  std::span<const std::string_view> choices = {};
  OnReload on_reload = OnReload::kRefused;
  std::string_view rule = {};  ///< what bounds cannot say
  std::string_view example = {};
  std::string_view meaning = {};
  KeyBinding binding = {};
};

/// Whether `number` is a valid value of the key, or a valid element of its list.
[[nodiscard]] constexpr bool in_bounds(const KeySpec& spec, std::int64_t number) noexcept {
  const bool in_range = number >= spec.min && number <= spec.max;
  const bool is_power = !spec.power_of_two || (number > 0 && (number & (number - 1)) == 0);
  return (in_range && is_power) || (spec.zero_too && number == 0);
}

/// Where a section's structs are in a Config: one for a table, any number for an array of tables.
struct SectionBinding {
  std::size_t (*count)(const Config& config) = nullptr;
  const void* (*at)(const Config& config, std::size_t index) = nullptr;
  /// The struct to read a table into; null: the section reads itself (SectionSpec::load).
  void* (*table)(Config& config) = nullptr;
  /// Null: structs of the section can only be compared key by key.
  bool (*same)(const void* one, const void* other) = nullptr;
};

struct SectionSpec {
  std::string_view name = {};
  bool is_array = false;  ///< [[name]] instead of [name]
  std::int64_t max_count = 1;
  std::string_view meaning = {};
  /// Checks what no row can say, once the rows are read (rules_*.cpp). Null: there is nothing.
  void (*rules)(const Loading& in, const Section& section) = nullptr;
  /// Reads the rows and checks the rules itself, where there may be no table, or several.
  void (*load)(const Loading& in, const SectionSpec& spec) = nullptr;
  std::span<const KeySpec> keys = {};
  SectionBinding binding = {};
};

/// Every key and every section, in the order of the reference. It is the order of reading, too.
[[nodiscard]] std::span<const KeySpec> all_keys() noexcept;
[[nodiscard]] std::span<const SectionSpec> all_sections() noexcept;

/// nullptr: there is no such key (or section).
[[nodiscard]] const KeySpec* find_key(std::string_view section, std::string_view key) noexcept;
[[nodiscard]] const KeySpec* find_key(const SectionSpec& section, std::string_view key) noexcept;
[[nodiscard]] const SectionSpec* find_section(std::string_view name) noexcept;

/// The value of a key that the file does not have, as TOML. Empty: none that a file can give.
[[nodiscard]] std::string default_text(const KeySpec& spec);
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
