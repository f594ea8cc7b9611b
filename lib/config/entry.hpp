// SPDX-License-Identifier: BSD-3-Clause
// What the file says for one key, judged by the key's row. Internal to lib/config.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/keys.hpp"

namespace esc::config {

class Reader;

/// One key in one table of the file. A getter that returns nothing has either reported why or found
/// the key absent and optional.
class Entry {
 public:
  Entry(Reader& reader, const Section& section, const KeySpec& spec)
      : reader_(reader), section_(section), spec_(spec) {}

  [[nodiscard]] const KeySpec& spec() const noexcept { return spec_; }

  [[nodiscard]] std::optional<std::int64_t> integer() const;
  /// An integer, or a string that holds one which TOML's integers cannot.
  [[nodiscard]] std::optional<std::uint64_t> unsigned64() const;
  [[nodiscard]] std::optional<bool> boolean() const;
  [[nodiscard]] std::optional<std::string> string() const;
  /// The index of the name among the row's choices. True and false have the indices behind those.
  [[nodiscard]] std::optional<std::size_t> choice() const;
  [[nodiscard]] std::optional<std::vector<std::int64_t>> integers() const;
  [[nodiscard]] std::optional<std::vector<std::string>> strings() const;
  /// Sorted and unique. Texts that are no prefixes, and repeated prefixes, are reported and left
  /// out.
  [[nodiscard]] std::optional<std::vector<wire::IpPrefix>> prefixes() const;
  [[nodiscard]] std::optional<Device> device() const;

 private:
  Reader& reader_;
  const Section& section_;
  const KeySpec& spec_;
};

}  // namespace esc::config
