// SPDX-License-Identifier: BSD-3-Clause
// Takes values out of a document by the key table: presence, type, bounds. Internal to lib/config.
#pragma once

#include <toml++/toml.h>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/document.hpp"
#include "config/keys.hpp"

namespace esc::config {

/// Nobody corrects more at a time.
inline constexpr std::size_t kMaxProblems = 100;

/// One table of the document; `table` is null when the file has none.
struct Section {
  std::string_view name;
  std::string path;  ///< "port[0]"; empty: the top level
  const toml::table* table = nullptr;

  [[nodiscard]] std::string key_path(std::string_view key) const {
    return path.empty() ? std::string(key) : path + "." + std::string(key);
  }
};

/// Reads what is there and collects what is wrong. A getter that returns nothing has either
/// reported why or found the key absent and optional.
class Reader {
 public:
  Reader(const Document& document, Config& config, std::vector<Problem>& problems)
      : document_(document), config_(config), problems_(problems) {}

  /// The table of that name; one without a table when the file has none.
  [[nodiscard]] Section section(std::string_view name);
  /// Each table of an array of tables.
  [[nodiscard]] std::vector<Section> sections(std::string_view name);
  /// Reports every key of the document that the key table does not know.
  void report_unknown_keys();

  [[nodiscard]] std::optional<std::int64_t> integer(const Section& in, std::string_view key);
  /// An integer, or a string with one that TOML's integers cannot hold.
  [[nodiscard]] std::optional<std::uint64_t> unsigned64(const Section& in, std::string_view key);
  [[nodiscard]] std::optional<bool> boolean(const Section& in, std::string_view key);
  [[nodiscard]] std::optional<std::string> string(const Section& in, std::string_view key);
  [[nodiscard]] std::optional<std::size_t> choice(const Section& in, std::string_view key);
  [[nodiscard]] std::vector<std::int64_t> integers(const Section& in, std::string_view key);
  [[nodiscard]] std::vector<std::string> strings(const Section& in, std::string_view key);

  /// Overwrites `out` if the key is there and sound. Bounds in the key table fit `out`'s type.
  template <typename T>
  void read(const Section& in, std::string_view key, T& out) {
    if constexpr (std::same_as<T, bool>) {
      if (const auto value = boolean(in, key)) out = *value;
    } else if constexpr (std::same_as<T, std::string>) {
      if (auto value = string(in, key)) out = std::move(*value);
    } else if constexpr (std::is_enum_v<T>) {
      if (const auto value = choice(in, key)) out = static_cast<T>(*value);
    } else if constexpr (std::same_as<T, std::optional<std::uint8_t>>) {
      if (const auto value = integer(in, key)) out = static_cast<std::uint8_t>(*value);
    } else {
      if (const auto value = integer(in, key)) out = static_cast<T>(*value);
    }
  }

  [[nodiscard]] bool has(const Section& in, std::string_view key) const;
  /// Place of the key's value; of the section when it is absent.
  [[nodiscard]] std::string where(const Section& in, std::string_view key) const;
  /// Place of an element of the key's array.
  [[nodiscard]] std::string where(const Section& in, std::string_view key, std::size_t index) const;
  /// Place of the key's value as a number or two, for what is too many to keep as text. One that
  /// the command line set goes to the Config's sources instead.
  [[nodiscard]] FilePlace keep_place(const Section& in, std::string_view key);
  /// Keeps the first kMaxProblems; of the others only their number is known.
  void problem(std::string where, std::string what, std::string fix);
  [[nodiscard]] std::size_t problems_found() const noexcept { return found_; }

 private:
  const toml::node* value(const Section& in, const KeySpec& spec);
  const toml::array* array(const Section& in, const KeySpec& spec);
  void report_unknown_keys(const Section& in);
  void wrong_type(const Section& in, const KeySpec& spec, const toml::node& node);
  // `index` in the key's array, if it is one. Places are made into words only when they are needed.
  bool in_bounds(const Section& in, const KeySpec& spec, std::int64_t number,
                 std::optional<std::size_t> index);
  bool sound_text(const Section& in, const KeySpec& spec, const std::string& text,
                  std::optional<std::size_t> index);
  void record(const Section& in, std::string_view key, std::size_t index);
  [[nodiscard]] std::string place_of(const Section& in, const KeySpec& spec,
                                     std::optional<std::size_t> index) const;
  [[nodiscard]] std::string section_where(const Section& in) const;

  const Document& document_;
  Config& config_;
  std::vector<Problem>& problems_;
  std::size_t found_ = 0;
};

}  // namespace esc::config
