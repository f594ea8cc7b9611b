// SPDX-License-Identifier: BSD-3-Clause
// Finds the tables of a document and the values in them, knows the place of each, and collects
// problems. Internal to lib/config.
#pragma once

#include <toml++/toml.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.hpp"
#include "config/keys.hpp"

namespace esc::config {

/// The most problems that are reported; nobody corrects more at a time.
inline constexpr std::size_t kMaxProblems = 100;

/// One table of the document; `table` is null when the file has none.
struct Section {
  const SectionSpec* spec = nullptr;
  std::string path;  ///< "port[0]"; empty: the top level
  const toml::table* table = nullptr;

  [[nodiscard]] std::string key_path(std::string_view key) const {
    return path.empty() ? std::string(key) : path + "." + std::string(key);
  }
};

/// The most prefixes that all routes and producers may have together. Each takes 32 bytes of a set.
inline constexpr std::size_t kMaxPrefixesInAll = 1U << 20U;

/// Prefixes in all lists so far.
struct PrefixTotal {
  std::size_t count = 0;
  std::string beyond;  ///< place of the list that exceeded the limit; empty: no list did
};

class Reader {
 public:
  Reader(const Document& document, Config& config, std::vector<Problem>& problems)
      : document_(document), config_(config), problems_(problems) {}

  /// The section. Its `table` is null when the file has none.
  [[nodiscard]] Section section(const SectionSpec& spec);
  /// The same for a section that was read already: nothing is reported again.
  [[nodiscard]] Section known_section(const SectionSpec& spec) const;
  /// Each table of an array of tables.
  [[nodiscard]] std::vector<Section> sections(const SectionSpec& spec);
  /// Reports every key of the document that the key table does not know.
  void report_unknown_keys();

  /// Reads the section's keys into the members that its rows are bound to. `object` is the struct
  /// that the rows were made for.
  void read_rows(const Section& in, void* object);
  /// The key's value. nullptr: there is none, which is reported if the key is required.
  [[nodiscard]] const toml::node* value(const Section& in, const KeySpec& spec);
  /// Keeps the place of an element of the key's array.
  void record(const Section& in, std::string_view key, std::size_t index);

  [[nodiscard]] bool has(const Section& in, std::string_view key) const;
  /// Place of the key's value; of the section when it is absent.
  [[nodiscard]] std::string where(const Section& in, std::string_view key) const;
  /// Place of an element of the key's array.
  [[nodiscard]] std::string where(const Section& in, std::string_view key, std::size_t index) const;
  /// Place of the key's value in numbers, for keys of which there are too many to keep their places
  /// as text. The place of a value that the command line set is put into Config::sources instead.
  [[nodiscard]] FilePlace keep_place(const Section& in, std::string_view key);
  /// Whether the key has no problem in the table whose rows were read last.
  [[nodiscard]] bool sound(std::string_view key) const;
  [[nodiscard]] PrefixTotal& prefixes() noexcept { return prefixes_; }
  /// Keeps the first kMaxProblems, and counts the others.
  void problem(std::string where, std::string what, std::string fix);
  [[nodiscard]] std::size_t problems_found() const noexcept { return found_; }

 private:
  void report_unknown_keys(const Section& in);
  [[nodiscard]] std::string section_where(const Section& in) const;

  const Document& document_;
  Config& config_;
  std::vector<Problem>& problems_;
  std::size_t found_ = 0;
  std::vector<std::string_view> unsound_;  // keys of the table that was read last
  PrefixTotal prefixes_;
};

/// "a table", "an integer", ...
[[nodiscard]] std::string_view type_name(const toml::node& node);

/// "key[3]"
[[nodiscard]] std::string element(std::string_view key, std::size_t index);

}  // namespace esc::config
